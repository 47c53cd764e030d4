// `identity-endpoint.json` in the control process's folder: at which port the managed identity endpoint was last, and what
// IDENTITY_HEADER is. Kept over restarts, as workloads have both in their environment.
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { replaceFile } from '../../../files/durable-file.ts';
import { integer, matching, record } from '../../../formats/shape.ts';

const FILE = 'identity-endpoint.json';
const shape = record({ port: integer(1, 65_535), header: matching(/^[0-9a-f]{64}$/, '64 hexadecimal digits') });
export type IdentityEndpoint = ReturnType<typeof shape>;

/** Undefined: there was none yet. @throws when the file is not one of ours */
export async function readIdentityEndpoint(folder: string): Promise<IdentityEndpoint | undefined> {
  try {
    return shape(JSON.parse(await readFile(join(folder, FILE), 'utf8')), FILE);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

export async function writeIdentityEndpoint(
  folder: string,
  endpoint: IdentityEndpoint,
  replace: typeof replaceFile = replaceFile,
): Promise<void> {
  await replace(join(folder, FILE), `${JSON.stringify(endpoint)}\n`);
}

export function newIdentityHeader(): string {
  return randomBytes(32).toString('hex');
}
