// `identity-endpoint.json` in the control process's folder: at which port the managed identity endpoint was last, and what
// IDENTITY_HEADER is. Kept over restarts, as workloads have both in their environment.
import { join } from 'node:path';
import { replaceFile } from '../../../files/durable-file.ts';
import { integer, matching, record } from '../../../formats/shape.ts';
import { readIfThere } from '../list-file.ts';

const FILE = 'identity-endpoint.json';
const shape = record({ port: integer(1, 65_535), header: matching(/^[0-9a-f]{64}$/, '64 hexadecimal digits') });
type IdentityEndpoint = ReturnType<typeof shape>;

/** Undefined: there was none yet. @throws when the file is not one of ours */
export async function readIdentityEndpoint(folder: string): Promise<IdentityEndpoint | undefined> {
  const text = await readIfThere(join(folder, FILE));
  return text === undefined ? undefined : shape(JSON.parse(text), FILE);
}

export async function writeIdentityEndpoint(
  folder: string,
  endpoint: IdentityEndpoint,
  replace: typeof replaceFile = replaceFile,
): Promise<void> {
  await replace(join(folder, FILE), `${JSON.stringify(endpoint)}\n`);
}
