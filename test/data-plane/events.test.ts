// Events against a real receiver: what is sent when, that a crash or a failing receiver loses none, and that nothing goes
// anywhere that the configuration does not allow.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { issueAuthority, issueServer } from '../../src/deployment/dev-ca/issue.ts';
import { readEntries } from '../support/audit-entries.ts';
import { type Reply, type RunningInstance, startRunningInstance } from '../support/running-instance.ts';
import { type WatchedEvents, watchEvents } from '../support/watched-events.ts';

const DAY = 86_400;

interface Received {
  readonly path: string;
  readonly contentType: string;
  readonly event: {
    readonly id: string;
    readonly type: string;
    readonly subject: string;
    readonly time: string;
    readonly data: Record<string, unknown> & { readonly Version: string };
  };
}

interface Receiver extends AsyncDisposable {
  readonly origin: string;
  readonly received: Received[];
  /** Status of the next answers; undefined: none at all. */
  status: number | undefined;
  headers: Record<string, string>;
}

async function startReceiver(tls?: { readonly key: string; readonly certificate: string }): Promise<Receiver> {
  const server: Server = tls === undefined ? createServer() : createTlsServer({ key: tls.key, cert: tls.certificate });
  const received: Received[] = [];
  const receiver: Receiver = {
    origin: '',
    received,
    status: 204,
    headers: {},
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  server.on('request', (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      received.push({
        path: request.url ?? '',
        contentType: String(request.headers['content-type']),
        event: JSON.parse(Buffer.concat(chunks).toString('utf8')) as Received['event'],
      });
      if (receiver.status === undefined) request.socket.destroy();
      else response.writeHead(receiver.status, receiver.headers).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return Object.assign(receiver, { origin: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}` });
}

interface Scene extends AsyncDisposable {
  readonly instance: RunningInstance;
  readonly watched: WatchedEvents;
  ask(method: string, path: string, body?: unknown): Promise<Reply>;
  admin(method: string, path: string, body?: unknown): Promise<Reply>;
  advance(seconds: number): Promise<void>;
  webhook(address: string): Promise<Reply>;
}

type Targets = NonNullable<RunningInstance['config']['eventTargets']>;

async function startScene(eventTargets: Targets): Promise<Scene> {
  const instance = await startRunningInstance();
  await instance.activate();
  await instance.configure({ eventTargets });
  await instance.restart();
  const watched = watchEvents(instance);
  const user = randomUUID();
  await instance.assign('Managed HSM Crypto User', user);
  await instance.assign('Managed HSM Crypto Officer', user);
  const tokens = { user: await instance.issuer.token(user), admin: await instance.adminToken() };
  const send = (token: string, method: string, path: string, body?: unknown): Promise<Reply> =>
    instance.ask(method, `${path}?api-version=7.6`, { token, ...(body === undefined ? {} : { body }) });
  const admin: Scene['admin'] = (method, path, body) => send(tokens.admin, method, path, body);
  return {
    instance,
    watched,
    ask: (method, path, body) => send(tokens.user, method, path, body),
    admin,
    async advance(advanceSeconds) {
      assert.equal((await admin('POST', '/strongroom/clock', { advanceSeconds })).status, 200);
    },
    webhook: (value) => admin('PATCH', '/settings/StrongroomEventWebhook', { value }),
    async [Symbol.asyncDispose]() {
      await watched[Symbol.asyncDispose]();
      await instance[Symbol.asyncDispose]();
    },
  };
}

/** As whoever runs the machine does it: in the configuration file, with a restart. */
async function allow({ instance, watched }: Scene, eventTargets: Targets): Promise<void> {
  await instance.configure({ eventTargets });
  await instance.restart();
  watched.update();
}

async function until(what: string, holds: () => boolean): Promise<void> {
  const end = performance.now() + 90_000;
  while (!holds()) {
    assert.ok(performance.now() < end, what);
    await delay(10);
  }
}
const entriesOf = ({ instance }: Scene) =>
  readEntries(instance).filter(({ operationName }) => operationName === 'EventDeliver');
/** Every event that was due has been sent, or is waiting for another attempt, once a later one has arrived. */
const kinds = ({ received }: Receiver): string[] =>
  received.map(({ event }) => `${event.type.replace('Microsoft.KeyVault.', '')} ${event.subject}`);

describe('events', () => {
  test('are off until an address is set, and then tell of new versions in the shape of the vault service', async () => {
    await using receiver = await startReceiver();
    await using scene = await startScene([{ origin: receiver.origin }]);
    const { ask } = scene;
    await ask('POST', '/keys/before/create', { kty: 'oct-HSM' });
    await scene.advance(60);
    const set = await scene.webhook(`${receiver.origin}/hook?code=s3cret`);
    assert.equal(set.status, 200, set.text);
    await scene.advance(60);
    const created = await ask('POST', '/keys/Fresh/create', { kty: 'oct-HSM', attributes: { nbf: 1000 } });
    const { key } = created.json as { key: { kid: string } };
    await until('no event came', () => receiver.received.length === 1);
    const [first] = receiver.received;
    assert.ok(first !== undefined);
    assert.equal(first.path, '/hook?code=s3cret');
    assert.equal(first.contentType, 'application/cloudevents+json; charset=utf-8');
    const { id, time, ...rest } = first.event;
    assert.match(id, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    assert.ok(Math.abs(Date.parse(time) / 1000 - 120 - Date.now() / 1000) < 60);
    assert.deepEqual(rest, {
      specversion: '1.0',
      source: scene.instance.config.resourceId,
      type: 'Microsoft.KeyVault.KeyNewVersionCreated',
      subject: 'Fresh',
      datacontenttype: 'application/json',
      data: {
        Id: key.kid,
        VaultName: 'test',
        ObjectType: 'Key',
        ObjectName: 'Fresh',
        Version: key.kid.split('/').at(-1),
        NBF: 1000,
      },
    });
    await until('no entry was written', () => entriesOf(scene).length === 1);
    const [entry] = entriesOf(scene);
    const due = readEntries(scene.instance).filter(({ operationName }) => operationName === 'EventDue');
    assert.deepEqual(
      due.map((each) => each['key']),
      [new URL(key.kid).pathname],
    );
    assert.equal(entry?.['resultType'], 'Success');
    assert.match(String(entry?.['resultDescription']), new RegExp(`${id}: ${receiver.origin} answered 204`));
    assert.ok(
      !JSON.stringify(readEntries(scene.instance)).includes('s3cret'),
      'what is secret in an address is not logged',
    );

    // Turned off and on again: what happened in between is not told.
    assert.equal((await scene.webhook('')).status, 200);
    await scene.advance(60);
    await ask('POST', '/keys/unheard/create', { kty: 'oct-HSM' });
    await scene.advance(60);
    assert.equal((await scene.webhook(`${receiver.origin}/`)).status, 200);
    await scene.advance(60);
    await ask('POST', '/keys/last/create', { kty: 'oct-HSM' });
    await until('no event came', () => receiver.received.length > 1);
    assert.deepEqual(kinds(receiver), ['KeyNewVersionCreated Fresh', 'KeyNewVersionCreated last']);
  });

  test('tell of an expiry 30 days before, or when the policy says, and when it is there; once each', async () => {
    await using receiver = await startReceiver();
    await using scene = await startScene([{ origin: receiver.origin }]);
    const { ask, advance } = scene;
    await scene.webhook(receiver.origin);
    assert.equal(
      (await scene.admin('PATCH', '/settings/StrongroomRehearsalReachabilityDays', { value: '0' })).status,
      200,
    );
    await advance(1);
    const exp = Math.floor(Date.now() / 1000) + 100 * DAY;
    for (const name of ['usual', 'ruled', 'rotated']) {
      await ask('POST', `/keys/${name}/create`, { kty: 'oct-HSM', attributes: { exp } });
    }
    const put = (name: string, type: string, trigger: object): Promise<Reply> =>
      ask('PUT', `/keys/${name}/rotationpolicy`, {
        lifetimeActions: [{ action: { type }, trigger }],
        attributes: { expiryTime: 'P90D' },
      });
    assert.equal((await put('ruled', 'Notify', { timeBeforeExpiry: 'P10D' })).status, 200);
    assert.equal((await put('rotated', 'Rotate', { timeBeforeExpiry: 'P40D' })).status, 200);
    await until('no events came', () => receiver.received.length === 3);
    receiver.received.length = 0;

    await advance(61 * DAY);
    await until('no events came', () => receiver.received.length === 1);
    await advance(10 * DAY);
    await until('no events came', () => receiver.received.length === 2);
    await advance(20 * DAY);
    await until('no events came', () => receiver.received.length === 3);
    assert.deepEqual(kinds(receiver), ['KeyNewVersionCreated rotated', 'KeyNearExpiry usual', 'KeyNearExpiry ruled']);
    assert.equal(receiver.received[1]?.event.data['EXP'], exp);
    assert.equal(Date.parse(receiver.received[1]?.event.time ?? '') / 1000, exp - 30 * DAY);
    receiver.received.length = 0;

    // A later expiry is another one.
    await ask('PATCH', '/keys/usual', { attributes: { exp: exp + 15 * DAY } });
    await until('no events came', () => receiver.received.length === 1);
    await advance(10 * DAY);
    await until('no events came', () => receiver.received.length === 2);
    assert.deepEqual(kinds(receiver), ['KeyNearExpiry usual', 'KeyExpired ruled']);
  });

  test('a receiver that fails gets each event until it has taken it, with the same id, also after a restart', async () => {
    await using receiver = await startReceiver();
    await using scene = await startScene([{ origin: receiver.origin }]);
    const { ask, advance, watched } = scene;
    await scene.webhook(receiver.origin);
    await advance(1);
    receiver.status = 503;
    await ask('POST', '/keys/a/create', { kty: 'oct-HSM' });
    await until('no attempt was made', () => receiver.received.length === 1);
    await until('no entry was written', () => entriesOf(scene).length === 1);
    assert.equal(entriesOf(scene)[0]?.['resultSignature'], 'NotDelivered');
    receiver.status = undefined;
    watched.later(11);
    await until('no attempt was made', () => receiver.received.length === 2);
    await until('no entry was written', () => entriesOf(scene).length === 2);
    // A redirect is not followed, wherever it leads.
    receiver.status = 307;
    receiver.headers = { location: `http://127.0.0.1:${scene.instance.port}/` };
    watched.later(21);
    await until('no attempt was made', () => receiver.received.length === 3);
    await until('no entry was written', () => entriesOf(scene).length === 3);
    assert.match(String(entriesOf(scene)[2]?.['resultDescription']), /answered 307\. Next attempt 2/);
    await watched.restart();
    await until('no attempt was made', () => receiver.received.length === 4);
    await until('no entry was written', () => entriesOf(scene).length === 4);
    receiver.status = 202;
    watched.later(11);
    await until('no attempt was made', () => receiver.received.length === 5);
    assert.equal(new Set(receiver.received.map(({ event }) => event.id)).size, 1);
    await until('it was not recorded', () => entriesOf(scene).some(({ resultType }) => resultType === 'Success'));
    await scene.instance.restart();
    await ask('POST', '/keys/b/create', { kty: 'oct-HSM' });
    await until('no attempt was made', () => receiver.received.length === 6);
    assert.equal(kinds(receiver)[5], 'KeyNewVersionCreated b', 'what was taken is not sent again');
  });

  test('an event that the receiver refuses is given up, and holds up no other', async () => {
    await using receiver = await startReceiver();
    await using scene = await startScene([{ origin: receiver.origin }]);
    await scene.webhook(receiver.origin);
    await scene.advance(1);
    receiver.status = 400;
    await scene.ask('POST', '/keys/a/create', { kty: 'oct-HSM' });
    await until('no entry was written', () => entriesOf(scene).length === 1);
    assert.equal(entriesOf(scene)[0]?.['resultSignature'], 'GivenUp');
    receiver.status = 200;
    await scene.ask('POST', '/keys/b/create', { kty: 'oct-HSM' });
    await until('no event came', () => receiver.received.length === 2);
    assert.deepEqual(kinds(receiver), ['KeyNewVersionCreated a', 'KeyNewVersionCreated b']);
  });

  test('a receiver that never answers holds up no request', async () => {
    const hanging = createServer(() => undefined);
    await new Promise<void>((resolve) => hanging.listen(0, '127.0.0.1', resolve));
    const origin = `http://127.0.0.1:${(hanging.address() as AddressInfo).port}`;
    let givenUp = false;
    const asked = new Promise<void>((resolve) => {
      hanging.once('request', ({ socket }) => {
        socket.once('close', () => {
          givenUp = true;
        });
        resolve();
      });
    });
    try {
      await using scene = await startScene([{ origin }]);
      await scene.webhook(origin);
      await scene.advance(1);
      await scene.ask('POST', '/keys/a/create', { kty: 'oct-HSM' });
      await asked;
      assert.equal((await scene.ask('GET', '/keys/a')).status, 200);
      assert.equal((await scene.ask('POST', '/keys/b/create', { kty: 'oct-HSM' })).status, 200);
      assert.equal(givenUp, false, 'they were answered while the receiver was still waited for');
      // Stopping does not wait for it either: the end of this block would take the receiver's deadline.
    } finally {
      hanging.closeAllConnections();
      await new Promise((resolve) => hanging.close(resolve));
    }
  });

  test('go to no address that the configuration does not allow', async () => {
    await using receiver = await startReceiver();
    await using other = await startReceiver();
    await using scene = await startScene([{ origin: receiver.origin }]);
    const { port } = new URL(receiver.origin);
    for (const address of [
      other.origin,
      `http://localhost:${port}/`,
      `https://127.0.0.1:${port}/`,
      'http://169.254.169.254/latest/meta-data',
      'https://example.com/',
      `http://127.0.0.1.example.com:${port}/`,
    ]) {
      const reply = await scene.webhook(address);
      assert.equal(reply.status, 400, address);
      assert.match(reply.text, /only to origins that the configuration of the instance names in eventTargets/);
    }
    for (const address of [
      `http://user:word@127.0.0.1:${port}/`,
      `${receiver.origin}/#there`,
      'file:///etc/passwd',
      'nowhere',
    ]) {
      assert.equal((await scene.webhook(address)).status, 400, address);
    }
    const nobody = await scene.ask('PATCH', '/settings/StrongroomEventWebhook', { value: receiver.origin });
    assert.equal(nobody.status, 403);
    // An address that was allowed and no longer is: nothing is sent there, and nothing forgotten.
    await scene.webhook(receiver.origin);
    await scene.advance(1);
    await allow(scene, [{ origin: other.origin }]);
    await scene.ask('POST', '/keys/a/create', { kty: 'oct-HSM' });
    assert.equal((await scene.webhook(`${other.origin}/new`)).status, 200);
    await until('no event came', () => other.received.length === 1);
    assert.deepEqual([receiver.received.length, kinds(other)], [0, ['KeyNewVersionCreated a']]);
  });

  test('over TLS the receiver must have a certificate of the named authority', async () => {
    const [authority, stranger] = [issueAuthority(new Date()), issueAuthority(new Date())];
    const leaf = issueServer(authority, ['127.0.0.1'], new Date());
    const strange = issueServer(stranger, ['127.0.0.1'], new Date());
    await using good = await startReceiver(leaf);
    await using bad = await startReceiver(strange);
    await using scene = await startScene([]);
    const caFile = join(scene.instance.folder, 'events-ca.pem');
    await writeFile(caFile, authority.certificate);
    await allow(
      scene,
      [good, bad].map(({ origin }) => ({ origin, caFile })),
    );
    await scene.webhook(bad.origin);
    await scene.advance(1);
    await scene.ask('POST', '/keys/a/create', { kty: 'oct-HSM' });
    await until('no entry was written', () => entriesOf(scene).length === 1);
    assert.match(String(entriesOf(scene)[0]?.['resultDescription']), /cannot be reached: [A-Z_]+\. Next attempt/);
    assert.equal(bad.received.length, 0);
    await scene.webhook(good.origin);
    scene.watched.later(11);
    await until('no event came', () => good.received.length === 1);
  });
});
