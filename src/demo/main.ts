// Entry of the demonstration: the main job end to end, done by a client of the public API with the stock SDK. It has no
// part in the service; on later starts it finds what the first one made and uses it.
import { text } from 'node:stream/consumers';
import { parseArgs } from 'node:util';
import { ClientSecretCredential } from '@azure/identity';
import { DEV_INSTANCE } from '../deployment/client-environment/variables.ts';
import { places } from '../deployment/data-layout.ts';
import { readDevClients } from '../deployment/dev-clients.ts';
import { azureNames, localNames } from '../deployment/name-forms.ts';
import { instanceOrigin } from '../http/name-form.ts';
import { assignRole, CRYPTO_OFFICER, CRYPTO_USER } from '../tools/ceremony/hsm.ts';
import { askingAs } from './call.ts';
import { acknowledgeShares, downloadSecurityDomain, ensureCustodians, hasSecurityDomain } from './ceremony.ts';
import { print, printTable, StepFailed, step } from './progress.ts';
import { findOrProvision, waitUntilActive } from './provision.ts';
import { showHowToConnect, showWhatExists } from './summary.ts';
import { findOrCreateKey, KEY_NAME, readKeptWrap, unwrap, wrap, writeKeptWrap } from './wrap.ts';

async function main(root: string, port: number): Promise<void> {
  const startedAt = performance.now();
  const at = places(root);
  const clients = readDevClients(root);
  const { admin } = clients.applications;
  const form = azureNames();
  const instance = instanceOrigin(form, DEV_INSTANCE);
  const credential = new ClientSecretCredential(clients.tenantId, admin.appId, admin.secret);
  const getToken = async (resource: string): Promise<string> =>
    (await credential.getToken(`${resource}/.default`)).token;

  print('');
  await step('token for the resource manager (client secret, @azure/identity)', () =>
    getToken(form.audiences.arm[0] ?? ''),
  );
  const custodians = hasSecurityDomain(at.custodians) ? undefined : ensureCustodians(at.custodians);
  const dataToken = getToken(form.audiences.instances[0] ?? '');
  // Made while the instance is, and told where they are needed.
  for (const early of [custodians, dataToken]) early?.catch(() => undefined);
  const { activation } = await step(
    `instance '${DEV_INSTANCE}' through the resource manager`,
    () => findOrProvision(form, clients, getToken),
    ({ found }) => (found ? 'found' : 'provisioned'),
  );
  const token = await step('token for the data plane', () => dataToken);
  const hsm = askingAs(token, instance);
  // A start that was killed in between may have activated it and not kept the file: it can be taken again.
  const isSplit = activation === 'Active' && hasSecurityDomain(at.custodians);
  if (!isSplit) {
    const { certificates } = await step(
      'three custodian key pairs (development only)',
      () => custodians ?? ensureCustodians(at.custodians),
      ({ made }) => (made === 0 ? 'found' : 'generated'),
    );
    await step('security domain downloaded for 2 of 3 custodians', () =>
      downloadSecurityDomain(hsm, certificates, at.custodians),
    );
    await step('instance is active', () => waitUntilActive(form, clients, getToken));
  }
  const kept = readKeptWrap(root);
  const opened = isSplit && kept !== undefined ? undefined : acknowledgeShares(hsm, at.custodians);
  opened?.catch(() => undefined);
  if (kept === undefined) {
    await step('local roles Crypto Officer and Crypto User given to the administrator', async () => {
      for (const role of [CRYPTO_OFFICER, CRYPTO_USER]) await assignRole(hsm, '', role, admin.oid);
    });
  }
  const { key } = await step(
    `key '${KEY_NAME}' (RSA-HSM 2048, @azure/keyvault-keys)`,
    () => findOrCreateKey(instance, credential),
    ({ found }) => (found ? 'found' : 'made'),
  );
  if (opened !== undefined) {
    await step(
      'custodians showed that their shares open',
      () => opened,
      (count) => `${count} of 3`,
    );
  }
  if (key.id === undefined) throw new StepFailed('the key has no identifier');
  const { id } = key;
  const wrapped = await step('fresh 32-byte data key wrapped (RSA-OAEP-256)', () => wrap(id, credential));
  const firstWrapMs = performance.now() - startedAt;
  await step('unwrapped again, and it is the same', () => unwrap(wrapped.kept, credential));
  wrapped.dataKey.fill(0);
  if (kept === undefined) await writeKeptWrap(root, wrapped.kept);
  else await step('data key wrapped by the first start unwrapped, and it is the same', () => unwrap(kept, credential));
  print(`\nFirst wrap ${(firstWrapMs / 1000).toFixed(2)} s after the client started.`);
  printTable('What now exists', showWhatExists(at, clients, form, localNames(port), id));
  printTable('Connect other clients (in another terminal)', showHowToConnect(at, DEV_INSTANCE));
  print('\nServing until Ctrl-C.');
}

const { values } = parseArgs({ options: { data: { type: 'string' }, port: { type: 'string' } } });
try {
  if (values.data === undefined || values.port === undefined) throw new Error('started by the supervisor only');
  // It may have loaded before it can begin; where the supervisor ends instead, nothing is said.
  if ((await text(process.stdin)) !== '') await main(values.data, Number(values.port));
} catch (error) {
  process.exitCode = 1;
  if (!(error instanceof StepFailed)) throw error;
  const reason = error.cause instanceof Error ? error.cause.message : String(error.cause ?? '');
  print(`   failed     ${error.message}\n              ${reason}`);
  print(
    `\nThe demonstration stopped here; the service goes on serving. Logs are in ${values.data}/logs.\n` +
      'What is done is kept: stop with Ctrl-C and start again to go on from here, or start with --no-demo to leave it out.',
  );
}
