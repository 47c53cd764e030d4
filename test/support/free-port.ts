// A port of loopback for a program that must be told one. The system gives the ports of its own range to whoever asks for
// any, also to outgoing connections, and may give one that was just free to another test; so these come from below it.
import { randomInt } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { probePort } from '../../src/deployment/free-port.ts';

const LOWEST = 10_000;
/** Where the system's own range begins when it does not say. */
const USUAL = 32_768;

export async function freePort(): Promise<number> {
  for (;;) {
    const port = await probePort(randomInt(LOWEST, systemsLowest()));
    if (port !== undefined) return port;
  }
}

function systemsLowest(): number {
  let text = '';
  try {
    text = readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8');
  } catch {
    // Not Linux.
  }
  const lowest = Number.parseInt(text, 10);
  return lowest > LOWEST + 1_000 ? lowest : USUAL;
}
