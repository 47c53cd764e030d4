// The first start of the dev profile makes who can log in and who owns the subscription; later ones find them.
import { randomBytes, randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { createDevDirectory, devOwners } from '../control/directory/create-dev-directory.ts';
import { directoryFile, readDirectoryFile, writeDirectoryFile } from '../control/directory/directory-file.ts';
import { createDevResources } from '../control/management/resources.ts';
import { resourcesFile, writeResourcesFile } from '../control/management/resources-file.ts';
import type { Places } from '../deployment/data-layout.ts';
import { type DevClients, readDevClients, writeDevClients } from '../deployment/dev-clients.ts';
import { makePrivateFolder } from '../files/private-folder.ts';

export async function ensureDevIdentities(at: Places): Promise<DevClients> {
  makePrivateFolder(at.control);
  const clients = existsSync(directoryFile(at.control)) ? readDevClients(at.root) : await makeClients(at);
  if (!existsSync(resourcesFile(at.control))) {
    const owners = devOwners(await readDirectoryFile(at.control));
    await writeResourcesFile(
      at.control,
      createDevResources(clients.tenantId, clients.subscriptionId, owners, { newGuid: randomUUID, now: Date.now() }),
    );
  }
  return clients;
}

async function makeClients(at: Places): Promise<DevClients> {
  const { directory, secrets } = await createDevDirectory(randomBytes);
  const clients = { ...secrets, subscriptionId: randomUUID() };
  // In this order: a directory never exists without the secrets that belong to it.
  await writeDevClients(at.root, clients);
  await writeDirectoryFile(at.control, directory);
  return clients;
}
