// The identities that the dev profile hands to its user, secrets included: `DATA/dev-clients.json`, 0600. The directory
// of the embedded issuer keeps only hashes of them.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { replaceFile } from '../files/durable-file.ts';
import { guid, record, text } from '../formats/shape.ts';

const application = record({ appId: guid, oid: guid, secret: text });
const user = record({ oid: guid, upn: text, password: text });
const shape = record({
  tenantId: guid,
  subscriptionId: guid,
  applications: record({ admin: application, owner: application, consumer: application }),
  users: record({ alice: user, bob: user }),
  operatorsGroupOid: guid,
});
export type DevClients = ReturnType<typeof shape>;

/** @throws when the file is absent or not what we write */
export function readDevClients(root: string): DevClients {
  const path = clientsFile(root);
  try {
    return shape(JSON.parse(readFileSync(path, 'utf8')), 'dev-clients.json');
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`${path} cannot be used (${reason}): restore it, or use another data directory`, { cause });
  }
}

export async function writeDevClients(root: string, clients: DevClients): Promise<void> {
  await replaceFile(clientsFile(root), `${JSON.stringify(clients, null, 2)}\n`);
}

function clientsFile(root: string): string {
  return join(root, 'dev-clients.json');
}
