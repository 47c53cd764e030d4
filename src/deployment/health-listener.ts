// Reads where the service can be asked how it fares (`health`), and judges whether that is a place for strangers.

import { integer, record } from '../formats/shape.ts';
import { probePort } from './free-port.ts';
import { readAddress } from './private-listeners.ts';
import { ConfigError } from './start-config.ts';
import { readFilePath } from './tls-settings.ts';

export const readHealthListener = record(
  { port: integer(0, 65_535) },
  {
    /** Absent: 127.0.0.1. */
    address: readAddress,
    /** Absent: plain HTTP. */
    tls: record(
      { certificate: readFilePath, key: readFilePath },
      {
        /** PEM file of the authorities of client certificates; absent: clients need none. */
        clientAuthorities: readFilePath,
      },
    ),
  },
);
export type HealthListener = ReturnType<typeof readHealthListener>;

export const LOOPBACK = '127.0.0.1';

/** What is to be said of one that whoever reaches its address may ask; it begins with the member. */
export function openToAll({ address = LOOPBACK, tls }: HealthListener): string | undefined {
  if (tls?.clientAuthorities !== undefined || /^(127\.|::1$)/.test(address)) return undefined;
  return (
    `health.address is ${address}: whoever reaches it would see which instances there are, how much they are used and what is ` +
    'wrong with them. Let it be on loopback, or set "health.tls" with "clientAuthorities", the authorities of those who may ask'
  );
}

/** @throws ConfigError when somebody else has it */
export async function takeHealthPort(health: HealthListener): Promise<HealthListener> {
  const { address = LOOPBACK } = health;
  let port: number | undefined;
  try {
    port = await probePort(health.port, address);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new ConfigError(
      `health: ${address} port ${health.port} cannot be used (${code}): set an address of this machine, and a port above 1023`,
      { cause },
    );
  }
  if (port !== undefined) return { ...health, port };
  throw new ConfigError(`health: ${address} port ${health.port} is in use by another program; choose another (0: any)`);
}

export function healthUri({ address = LOOPBACK, port, tls }: HealthListener): string {
  const host = address.includes(':') ? `[${address}]` : address;
  return `${tls === undefined ? 'http' : 'https'}://${host}:${port}`;
}
