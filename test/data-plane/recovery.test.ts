// A security domain walks: from an instance that is gone into a fresh one, by a restore blob and by custodians' packets,
// and to other custodians. Raw HTTPS; what the stock clients make of it is in test/conformance.
import assert from 'node:assert/strict';
import { createHash, randomUUID, X509Certificate } from 'node:crypto';
import { after, before, test } from 'node:test';
import { places } from '../../src/deployment/data-layout.ts';
import { groupFingerprint, shortFingerprint } from '../../src/formats/fingerprint.ts';
import { type Custodian, makeCustodian } from '../../src/module/custodians.fixture.ts';
import { ask, openModule } from '../../src/module/key-module.fixture.ts';
import { packetOf, shareOf, thumbprintOf } from '../../src/module/packets.fixture.ts';
import { entriesOf, restoreBlob } from '../../src/module/restore-blob.fixture.ts';
import { verifyAttestation } from '../../src/tools/attestation/verify-attestation.ts';
import { openWith } from '../../src/tools/custodian/open-domain.fixture.ts';
import { readEntries } from '../support/audit-entries.ts';
import { type Reply, type RunningInstance, startRunningInstance } from '../support/running-instance.ts';

let custodians: readonly Custodian[];
let source: RunningInstance;
let document: string;
/** Backup of a key of the source. */
let backup: string;
let fresh: RunningInstance;

const version = '?api-version=7.5';
const instances: RunningInstance[] = [];

async function start(options: Parameters<typeof startRunningInstance>[0] = {}): Promise<RunningInstance> {
  const instance = await startRunningInstance(options);
  instances.push(instance);
  return instance;
}

before(async () => {
  custodians = await Promise.all([...'abcdef'].map((name) => makeCustodian(name)));
  [source, fresh] = await Promise.all([start(), start({ partitions: 2 })]);
  document = valueOf(await download(source, custodians.slice(0, 3), 2));
  const token = await userOf(source);
  const made = await source.ask('POST', `/keys/k/create${version}`, {
    token,
    body: { kty: 'RSA-HSM', key_size: 2048 },
  });
  assert.equal(made.status, 200, made.text);
  backup = (await json(source.ask('POST', `/keys/k/backup${version}`, { token })))['value'] as string;
});
after(() => Promise.all(instances.map((instance) => instance[Symbol.asyncDispose]())));

async function userOf(instance: RunningInstance): Promise<string> {
  const user = randomUUID();
  for (const role of ['Managed HSM Crypto User', 'Managed HSM Crypto Officer']) await instance.assign(role, user);
  return instance.issuer.token(user);
}

async function json(reply: Promise<Reply>): Promise<Record<string, unknown>> {
  const { status, text, json: body } = await reply;
  assert.equal(status, 200, text);
  return body as Record<string, unknown>;
}

function valueOf(reply: Reply): string {
  assert.equal(reply.status, 202, reply.text);
  return (reply.json as { value: string }).value;
}

async function download(instance: RunningInstance, by: readonly Custodian[], required: number): Promise<Reply> {
  return instance.ask('POST', `/securitydomain/download${version}`, {
    token: await instance.adminToken(),
    body: { certificates: by.map(({ certificate }) => ({ kty: 'RSA', x5c: [certificate] })), required },
  });
}

async function transferOf(instance: RunningInstance, path = '/securitydomain/upload'): Promise<Buffer> {
  const body = await json(instance.ask('GET', `${path}${version}`, { token: await instance.adminToken() }));
  assert.equal(body['key_format'], 'jwk');
  const key = JSON.parse(body['transfer_key'] as string) as Record<string, unknown>;
  const der = Buffer.from((key['x5c'] as string[])[0] as string, 'base64');
  const { publicKey } = new X509Certificate(der);
  assert.deepEqual(publicKey.export({ format: 'jwk' }), { kty: 'RSA', n: key['n'], e: key['e'] });
  assert.equal(key['x5t#S256'], createHash('sha256').update(der).digest('base64url'));
  assert.equal(key['kid'], 'https://test.managedhsm.azure.net/transfer_key');
  assert.equal(key['alg'], 'RSA-OAEP-256');
  return der;
}

async function blobFor(instance: RunningInstance): Promise<string> {
  const shares = custodians.slice(1, 3).map((custodian) => shareOf(document, custodian));
  return JSON.stringify(restoreBlob(entriesOf(document, shares), await transferOf(instance)));
}

async function upload(instance: RunningInstance, value: unknown): Promise<Reply> {
  return instance.ask('POST', `/securitydomain/upload${version}`, {
    token: await instance.adminToken(),
    body: { value },
  });
}

async function attestationRoot(instance: RunningInstance): Promise<string> {
  const token = await userOf(instance);
  const name = `at-${randomUUID()}`;
  await json(
    instance.ask('POST', `/keys/${name}/create?api-version=7.6-preview.2`, { token, body: { kty: 'EC-HSM' } }),
  );
  const bundle = await json(instance.ask('GET', `/keys/${name}//attestation?api-version=7.6-preview.2`, { token }));
  return verifyAttestation(bundle as never, undefined).root;
}

function errorOf({ json: body }: Reply): { code: string; message: string; innererror?: { code: string } } {
  return (body as { error: { code: string; message: string } }).error;
}

function fingerprint(): string {
  return openWith(document, custodians.slice(0, 2)).fingerprint;
}

test('before an upload there is nothing to poll, and what is uploaded wrong changes nothing', async () => {
  const token = await fresh.adminToken();
  assert.equal((await fresh.ask('GET', '/securitydomain/upload/pending', { token })).status, 404);
  const blob = await blobFor(fresh);
  for (const [value, message] of [
    [7, /'value' must be a string/],
    ['', /'value' is refused: the upload is not JSON/],
    [document, /'value' is refused: this is the security-domain file itself/],
    [JSON.stringify({ domain: document, packets: [] }), /2 of 3 custodians are needed, 0 are here/],
  ] as const) {
    const reply = await upload(fresh, value);
    assert.equal(reply.status, 400, reply.text);
    assert.equal(errorOf(reply).code, 'BadParameter');
    assert.match(errorOf(reply).message, message);
  }
  const stranger = await fresh.issuer.token(randomUUID());
  for (const [method, path] of [
    ['GET', '/securitydomain/upload'],
    ['POST', '/securitydomain/upload'],
  ] as const) {
    const reply = await fresh.ask(method, `${path}${version}`, { token: stranger, body: { value: blob } });
    assert.equal(reply.status, 403, reply.text);
  }
  const reply = await fresh.ask('GET', `/keys${version}`, { token });
  assert.equal(errorOf(reply).innererror?.code, 'NotActivated');
});

test('a restore blob makes the fresh instance active, with the identity of the one that is gone', async () => {
  const rootBefore = await attestationRoot(source);
  const blob = await blobFor(fresh);
  const reply = await upload(fresh, blob);
  assert.equal(reply.status, 202, reply.text);
  assert.deepEqual(reply.json, { status: 'Success', status_details: 'The resource is active.' });
  // Sent again, as some clients do in the place of their poll: it is told that it was taken; any other is refused.
  assert.deepEqual((await upload(fresh, blob)).json, reply.json);
  assert.equal((await upload(fresh, `${blob} `)).status, 409);
  const poll = reply.headers['azure-asyncoperation'] as string;
  assert.match(poll, /^https:\/\/test\.managedhsm\.azure\.net\/securitydomain\/upload\/pending\?api-version=[\w.-]+$/);
  assert.equal(reply.headers['retry-after'], '1');
  const pending = await fresh.ask('GET', new URL(poll).pathname, { token: await fresh.adminToken() });
  assert.deepEqual(pending.json, { status: 'Success', status_details: 'The resource is active.' });

  const token = await userOf(fresh);
  const restored = await fresh.ask('POST', `/keys/restore${version}`, { token, body: { value: backup } });
  assert.equal(restored.status, 200, restored.text);
  assert.equal(await attestationRoot(fresh), rootBefore);

  const notes = readEntries(fresh)
    .filter(({ operationName }) => operationName === 'SecurityDomainRestore')
    .map((entry) => String(entry['resultDescription']));
  const note = notes.findLast((text) => text.startsWith('Recovered')) ?? '';
  assert.ok(notes.includes('Sent again; it was taken before, and nothing was done'), notes.join('\n'));
  assert.ok(note.includes(groupFingerprint(fingerprint())), note);
  assert.match(note, /by a restore blob, which does not say whose keys opened it: 3 custodians, 2 needed/);
  for (const custodian of custodians.slice(0, 3)) assert.ok(note.includes(thumbprintOf(custodian)));
});

test('another worker of the recovered instance serves as soon as it has read the record', async () => {
  const instance = await start();
  await using worker = await instance.startWorker();
  const blob = await blobFor(instance);
  assert.equal((await upload(instance, blob)).status, 202);
  const sent = { token: await instance.adminToken(), body: { value: blob } };
  const again = await instance.askAt(worker.port, 'POST', `/securitydomain/upload${version}`, sent);
  assert.equal(again.status, 202, again.text);
  const token = await userOf(instance);
  const reply = await instance.askAt(worker.port, 'GET', `/keys${version}`, { token });
  assert.equal(reply.status, 200, reply.text);
});

test('an activated instance refuses transfer key and upload with 409, also after a restart', async () => {
  const blob = JSON.stringify({ domain: document, packets: [] });
  for (let again = 0; again < 2; again++) {
    const transfer = await fresh.ask('GET', `/securitydomain/upload${version}`, { token: await fresh.adminToken() });
    for (const reply of [transfer, await upload(fresh, blob), await upload(source, blob)]) {
      assert.equal(reply.status, 409, reply.text);
      assert.equal(errorOf(reply).innererror?.code, 'AlreadyActivated');
    }
    await fresh.restart();
  }
});

test('the recovered instance has the custodians of the domain, and gives its file to them alone', async () => {
  assert.equal((await download(fresh, custodians.slice(3, 6), 2)).status, 409);
  const again = valueOf(await download(fresh, custodians.slice(0, 3), 2));
  const summary = openWith(again, custodians.slice(1, 3));
  assert.equal(summary.fingerprint, fingerprint());
  assert.equal(summary.instanceId, fresh.config.id);
  assert.notEqual(summary.verificationKey, openWith(document, custodians.slice(0, 2)).verificationKey);
});

test('packets of a quorum recover it too, and the log says whose they were', async () => {
  const instance = await start();
  const transfer = await transferOf(instance);
  const packets = [custodians[2], custodians[0]].map((each) => packetOf(each as Custodian, { transfer, document }));
  const mixed = [
    packets[0],
    packetOf(custodians[0] as Custodian, { transfer: await transferOf(await start()), document }),
  ];
  const refused = await upload(instance, JSON.stringify({ domain: document, packets: mixed }));
  assert.equal(refused.status, 400, refused.text);
  assert.equal(errorOf(refused).innererror?.code, 'DomainRefused');
  assert.ok(
    errorOf(refused).message.includes(
      `packets[1], of the custodian ${shortFingerprint(thumbprintOf(custodians[0] as Custodian))},`,
    ),
  );
  assert.equal((await upload(instance, JSON.stringify({ domain: document, packets }))).status, 202);
  const entries = readEntries(instance).filter(({ operationName }) => operationName === 'SecurityDomainRestore');
  const quorum = [2, 0].map((index) => thumbprintOf(custodians[index] as Custodian)).join(', ');
  assert.match(String(entries.at(-2)?.['resultDescription']), /is encrypted to another transfer key/);
  assert.ok(
    String(entries.at(-1)?.['resultDescription']).includes(`by the shares of ${quorum}: 3 custodians, 2 needed`),
  );
  const token = await userOf(instance);
  assert.equal((await instance.ask('POST', `/keys/restore${version}`, { token, body: { value: backup } })).status, 200);
  const own = { token: await instance.adminToken() };
  const { value } = (await json(instance.ask('GET', `/securitydomain/custodians${version}`, own))) as {
    readonly value: readonly { readonly custodian: string; readonly subject?: string }[];
  };
  const named = value.filter(({ subject }) => subject !== undefined).map(({ custodian }) => custodian);
  assert.deepEqual(named.sort(), [custodians[0], custodians[2]].map((each) => thumbprintOf(each as Custodian)).sort());
});

test('a domain file that was written by a recovered instance recovers the next one', async () => {
  const next = valueOf(await download(fresh, custodians.slice(0, 3), 2));
  const instance = await start();
  const transfer = await transferOf(instance);
  const packets = custodians.slice(0, 2).map((each) => packetOf(each, { transfer, document: next }));
  assert.equal((await upload(instance, JSON.stringify({ domain: next, packets }))).status, 202);
  const token = await userOf(instance);
  assert.equal((await instance.ask('POST', `/keys/restore${version}`, { token, body: { value: backup } })).status, 200);
});

test('a quorum replaces the custodians: the ordinary download is for the successors from then on', async () => {
  const instance = await start();
  const own = valueOf(await download(instance, custodians.slice(0, 3), 2));
  const token = await instance.adminToken();
  const path = `/securitydomain/resharing${version}`;
  const shown = await json(instance.ask('GET', path, { token }));
  assert.equal(shown['required'], 2);
  assert.deepEqual(shown['custodians'], custodians.slice(0, 3).map(thumbprintOf).sort());
  const transfer = await transferOf(instance, '/securitydomain/resharing');
  const next = custodians.slice(2, 6);
  const successors = { required: 3, thumbprints: next.map(thumbprintOf).sort() };
  const packets = custodians.slice(0, 2).map((each) => packetOf(each, { transfer, document: own, successors }));
  const certificates = next.map(({ certificate }) => ({ kty: 'RSA', x5c: [certificate] }));
  const reshare = (body: object): Promise<Reply> =>
    instance.ask('POST', path, { token, body: { certificates, required: 3, domain: own, packets, ...body } });
  for (const [body, message] of [
    [{ packets: 'x' }, /'packets' must be a list/],
    [{ domain: 7 }, /'domain' must be a string/],
    [{ required: 2 }, /'packets' is refused: packets\[0\].*agrees to other successors, or to another quorum/],
    [{ packets: packets.slice(1) }, /2 of 3 custodians are needed, 1 are here/],
  ] as const) {
    const refused = await reshare(body);
    assert.equal(refused.status, 400, refused.text);
    assert.match(errorOf(refused).message, message);
  }
  assert.equal((await download(instance, next, 3)).status, 409);
  const done = await json(reshare({}));
  assert.deepEqual(done['quorum'], custodians.slice(0, 2).map(thumbprintOf));
  assert.deepEqual(done['custodians'], next.map(thumbprintOf));
  assert.equal((await reshare({})).status, 400, 'packets serve once');
  assert.equal((await download(instance, custodians.slice(0, 3), 2)).status, 409);
  const file = valueOf(await download(instance, next, 3));
  assert.equal(openWith(file, next).fingerprint, openWith(own, custodians.slice(0, 2)).fingerprint);
  const entry = readEntries(instance).find(
    ({ operationName, resultType }) => operationName === 'SecurityDomainReshare' && resultType === 'Success',
  );
  for (const each of next) assert.ok(String(entry?.['resultDescription']).includes(thumbprintOf(each)));
});

test('a ceremony that the module finished and nobody recorded is put on record at the next start', async () => {
  const instance = await start();
  const transfer = await transferOf(instance);
  const packets = custodians.slice(0, 2).map((each) => packetOf(each, { transfer, document }));
  await instance.stop();
  {
    await using module = openModule(places(instance.folder).instance('test').module);
    await ask(module, 'uploadSecurityDomain', { document: JSON.stringify({ domain: document, packets }) });
  }
  await instance.start();
  const token = await userOf(instance);
  assert.equal((await instance.ask('POST', `/keys/restore${version}`, { token, body: { value: backup } })).status, 200);
  const completed = (): number =>
    readEntries(instance).filter(({ operationName }) => operationName === 'SecurityDomainCompleted').length;
  assert.equal(completed(), 1);
  const register = await json(
    instance.ask('GET', `/securitydomain/custodians${version}`, { token: await instance.adminToken() }),
  );
  for (const each of custodians.slice(0, 3)) assert.ok(JSON.stringify(register).includes(thumbprintOf(each)));
  await instance.restart();
  assert.equal(completed(), 1);
});
