// The port an instance had last time, so that clients find it again after a restart.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { probePort } from '../deployment/free-port.ts';
import { replaceFile } from '../files/durable-file.ts';

/** @returns the remembered port if nobody else has it by now, else 0: any */
export async function rememberedPort(run: string): Promise<number> {
  let text: string;
  try {
    text = readFileSync(join(run, 'port'), 'utf8');
  } catch {
    return 0; // the first start
  }
  const port = Number(text);
  if (!Number.isInteger(port) || port < 1024 || port > 65535) return 0;
  return (await probePort(port)) ?? 0;
}

export async function rememberPort(run: string, port: number): Promise<void> {
  await replaceFile(join(run, 'port'), `${port}\n`);
}
