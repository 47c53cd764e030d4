// The first start of the dev profile makes who can log in and who owns the subscription; later ones find them.
import { randomBytes, randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import {
  createDevDirectory,
  type DevSecrets,
  devOwners,
  drawDevSecrets,
} from '../control/directory/create-dev-directory.ts';
import { directoryFile, readDirectoryFile, writeDirectoryFile } from '../control/directory/directory-file.ts';
import { createDevResources } from '../control/management/resources.ts';
import { resourcesFile, writeResourcesFile } from '../control/management/resources-file.ts';
import type { Places } from '../deployment/data-layout.ts';
import { type DevClients, readDevClients, writeDevClients } from '../deployment/dev-clients.ts';
import { makePrivateFolder } from '../files/private-folder.ts';

/** `kept` resolves when control can read them: hashes of secrets are made to take long. */
export function ensureDevIdentities(at: Places): { readonly clients: DevClients; readonly kept: Promise<void> } {
  makePrivateFolder(at.control);
  const secrets = existsSync(directoryFile(at.control)) ? undefined : drawDevSecrets(randomBytes);
  const clients = secrets === undefined ? readDevClients(at.root) : { ...secrets, subscriptionId: randomUUID() };
  return { clients, kept: keep(at, clients, secrets) };
}

async function keep(at: Places, clients: DevClients, secrets?: DevSecrets): Promise<void> {
  if (secrets !== undefined) {
    const { directory } = await createDevDirectory(randomBytes, secrets);
    // In this order: a directory never exists without the secrets that belong to it.
    await writeDevClients(at.root, clients);
    await writeDirectoryFile(at.control, directory);
  }
  if (existsSync(resourcesFile(at.control))) return;
  const owners = devOwners(await readDirectoryFile(at.control));
  await writeResourcesFile(
    at.control,
    createDevResources(clients.tenantId, clients.subscriptionId, owners, { newGuid: randomUUID, now: Date.now() }),
  );
}
