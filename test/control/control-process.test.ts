import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { isGuid } from '../../src/formats/guid.ts';
import { instanceChanged, provisionInstance, stopInstance, syncControl } from '../../src/links/control-messages.ts';
import { Link } from '../../src/links/link.ts';
import { frontToken, ready } from '../../src/links/messages.ts';
import { openOwnSigner } from '../../src/recorder/own-signer.ts';
import { startRecorder } from '../../src/recorder/start-recorder.ts';
import { freePort } from '../support/free-port.ts';
import { call, prepareControlFolder } from '../support/running-control.ts';

/** Of the recorder that the supervisor would have started: it stays while control comes and goes. */
let socketPath = '';
const recorder = new AsyncDisposableStack();
before(async () => {
  const root = await mkdtemp(join(tmpdir(), 'strongroom-management-'));
  recorder.defer(() => rm(root, { recursive: true }));
  const [audit, module] = [join(root, 'audit'), join(root, 'module')];
  for (const folder of [audit, module]) await mkdir(folder, { mode: 0o700 });
  const signer = recorder.use(await openOwnSigner({ audit, module, verifierKey: join(root, 'verifier-key') }));
  socketPath = join(root, 'socket');
  const { origin } = signer;
  recorder.use(await startRecorder({ folder: audit, socketPath, origin, signer, report: (told) => assert.fail(told) }));
});
after(() => recorder.disposeAsync());

const ENTRY = fileURLToPath(new URL('../../src/control/main.ts', import.meta.url));

interface Started extends AsyncDisposable {
  readonly child: ChildProcess;
  readonly link: Link;
  readonly port: number;
  readonly exited: Promise<unknown>;
  /** What it asked to be provisioned. */
  readonly asked: unknown[];
}

async function start(folder: string, provision: (link: Link) => void | Promise<void>): Promise<Started> {
  const port = await freePort();
  const child = spawn(
    process.execPath,
    [ENTRY, '--control', folder, '--port', String(port), '--ca', join(folder, 'ca', 'ca.pem'), '--log', socketPath],
    { stdio: ['ignore', 'ignore', 'inherit', 'pipe'] },
  );
  const exited = once(child, 'exit');
  const link = new Link(child.stdio[3] as Socket);
  // Its files are there.
  link.send(frontToken, { token: new Uint8Array(32) });
  const asked: unknown[] = [];
  const isReady = new Promise<void>((resolve) => link.on(ready, () => resolve()));
  const provisioned = ({ request }: { readonly request: unknown }) => {
    asked.push(request);
    return provision(link);
  };
  link.answer(provisionInstance, provisioned, () => ({ code: 'QuotaExceeded', message: 'no room' }));
  link.answer(syncControl, () => undefined);
  link.answer(stopInstance, () => undefined);
  await Promise.race([isReady, exited.then(([code]) => assert.fail(`it ended before it was ready, with ${code}`))]);
  // As the supervisor does when control was restarted while instances run.
  link.send(instanceChanged, { name: 'early', port: 0, activation: 'Active', message: '' });
  return {
    child,
    link,
    port,
    exited,
    asked,
    async [Symbol.asyncDispose]() {
      link.end();
      await exited;
    },
  };
}

test('the control process provisions through its supervisor, survives kill -9 and ends with its link', async () => {
  const { folder, authority, secrets } = await prepareControlFolder();
  const ARM = 'https://management.azure.com';
  const { admin } = secrets.applications;
  const tokenFor = async (port: number): Promise<Readonly<Record<string, string>>> => {
    const form = {
      grant_type: 'client_credentials',
      client_id: admin.appId,
      client_secret: admin.secret,
      scope: 'https://management.core.windows.net//.default',
    };
    const url = `https://login.microsoftonline.com/${secrets.tenantId}/oauth2/v2.0/token`;
    const reply = await call(port, authority.certificate, url, { form });
    return { authorization: `Bearer ${String(reply.json.access_token)}` };
  };
  const version = 'api-version=2024-11-01';

  // The first process is killed while the supervisor still works on its request.
  const { promise: wasAsked, resolve: isAsked } = Promise.withResolvers<void>();
  const first = await start(folder, () => {
    isAsked();
    return new Promise(() => {});
  });
  const headers = await tokenFor(first.port);
  const ask = (port: number, path: string, method = 'GET', json?: unknown) =>
    call(port, authority.certificate, `${ARM}${path}?${version}`, {
      method,
      headers,
      ...(json === undefined ? {} : { json }),
    });
  const subscriptions = (await ask(first.port, '/subscriptions')).json.value as readonly Record<string, string>[];
  const subscription = subscriptions[0]?.subscriptionId ?? '';
  assert.ok(isGuid(subscription));
  const group = `/subscriptions/${subscription}/resourceGroups/rg`;
  const hsm = `${group}/providers/Microsoft.KeyVault/managedHSMs/survivor`;
  assert.equal((await ask(first.port, group, 'PUT', { location: 'local' })).status, 201);
  const body = {
    location: 'local',
    sku: { family: 'B', name: 'Standard_B1' },
    properties: { tenantId: secrets.tenantId, initialAdminObjectIds: [admin.oid], softDeleteRetentionInDays: 7 },
  };
  assert.equal((await ask(first.port, hsm, 'PUT', body)).status, 202);
  await wasAsked;
  first.child.kill('SIGKILL');
  await first.exited;

  // The second one takes the work up from its records, under the same keys and ids.
  const { promise: wasDone, resolve: isDone } = Promise.withResolvers<void>();
  const second = await start(folder, (link) => {
    link.send(instanceChanged, { name: 'survivor', port: 0, activation: 'NotActivated', message: 'made' });
    isDone();
  });
  await wasDone;
  assert.deepEqual(second.asked, first.asked);
  const state = async (port: number) => (await ask(port, hsm)).json.properties as Readonly<Record<string, unknown>>;
  while ((await state(second.port)).provisioningState === 'Provisioning') await new Promise(setImmediate);
  const { provisioningState, securityDomainProperties } = await state(second.port);
  assert.equal(provisioningState, 'Succeeded');
  assert.deepEqual(securityDomainProperties, { activationStatus: 'NotActivated', activationStatusMessage: 'made' });
  second.child.kill('SIGINT');
  assert.equal((await ask(second.port, '/subscriptions')).status, 200, 'Ctrl-C of the terminal is not for it');
  second.link.end();
  assert.deepEqual(await second.exited, [0, null]);

  // A refusal of the supervisor is shown to whoever asked for the instance.
  await using third = await start(folder, () => Promise.reject(new Error('no room')));
  const other = hsm.replace('survivor', 'refused');
  assert.equal((await ask(third.port, other, 'PUT', body)).status, 202);
  const refused = async () => (await ask(third.port, other)).json.properties as Readonly<Record<string, unknown>>;
  while ((await refused()).provisioningState === 'Provisioning') await new Promise(setImmediate);
  assert.deepEqual([(await refused()).provisioningState, (await refused()).statusMessage], ['Failed', 'no room']);
  third.child.kill('SIGTERM');
  assert.deepEqual(await third.exited, [0, null]);
  await rm(folder, { recursive: true });
});
