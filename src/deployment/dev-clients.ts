// The identities that the dev profile hands to its user, secrets included: `DATA/dev-clients.json`, 0600. The directory
// of the embedded issuer keeps only hashes of them.
import { join } from 'node:path';
import { replaceFile } from '../files/durable-file.ts';
import { guid, record, text } from '../formats/shape.ts';
import { readOwnFile } from './read-config-file.ts';

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

/** @throws ConfigError when the file is absent or not what we write */
export function readDevClients(root: string): DevClients {
  const read = (value: unknown): DevClients => shape(value, 'dev-clients.json');
  return readOwnFile(clientsFile(root), read, 'restore it, or use another data directory');
}

export async function writeDevClients(root: string, clients: DevClients): Promise<void> {
  await replaceFile(clientsFile(root), `${JSON.stringify(clients, null, 2)}\n`);
}

function clientsFile(root: string): string {
  return join(root, 'dev-clients.json');
}
