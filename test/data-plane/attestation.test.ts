// Key attestation over raw HTTPS, and its verification offline: what the module signed, and every way to bend it.
import assert from 'node:assert/strict';
import { randomUUID, X509Certificate } from 'node:crypto';
import { after, before, test } from 'node:test';
import { verifyAttestation } from '../../src/tools/attestation/verify-attestation.ts';
import { type Reply, type RunningInstance, startRunningInstance } from '../support/running-instance.ts';

let instance: RunningInstance;
let token: string;
before(async () => {
  instance = await startRunningInstance();
  await instance.activate();
  const user = randomUUID();
  await instance.assign('Managed HSM Crypto User', user);
  token = await instance.issuer.token(user);
});
after(() => instance[Symbol.asyncDispose]());

const ask = (method: string, path: string, body?: unknown, version = '7.6-preview.2'): Promise<Reply> =>
  instance.ask(method, `${path}?api-version=${version}`, { token, ...(body === undefined ? {} : { body }) });

interface Attested {
  readonly key: Record<string, unknown> & { readonly kid: string };
  readonly attributes: { readonly attestation: Record<string, string> };
}

async function attested(name: string, body: object): Promise<Attested> {
  assert.equal((await ask('POST', `/keys/${name}/create`, body)).status, 200);
  const reply = await ask('GET', `/keys/${name}//attestation`);
  assert.equal(reply.status, 200, reply.text);
  return reply.json as Attested;
}

const attestationOf = (bundle: Attested): Record<string, string> => bundle.attributes.attestation;

test('each type of key is attested, and the statements verify offline', async () => {
  const roots = new Set<string>();
  for (const [name, body] of [
    ['at-rsa', { kty: 'RSA', key_ops: ['sign'] }],
    ['at-ec', { kty: 'EC', crv: 'P-256K' }],
    ['at-oct', { kty: 'oct', key_size: 128 }],
  ] as const) {
    const bundle = await attested(name, body);
    const attestation = attestationOf(bundle);
    assert.equal(attestation['version'], 'strongroom-key-attestation-1');
    assert.equal(attestation['publicKeyAttestation'] === undefined, name === 'at-oct');
    const { statement, root, anchored } = verifyAttestation(bundle, undefined);
    assert.equal(anchored, undefined);
    roots.add(root);
    assert.deepEqual(statement.instance, { id: instance.config.id, name: 'test' });
    assert.equal(statement.module.fipsValidated, false);
    assert.equal(statement.exportable, false);
    assert.equal(statement.key['name'], name);
    assert.ok(bundle.key.kid.endsWith(`/${statement.key['version']}`));
    assert.deepEqual(new Set(statement.keyOps), new Set(bundle.key['key_ops'] as string[]));
    if (name === 'at-rsa') assert.equal(statement.key['n'], bundle.key['n']);
    if (name === 'at-oct') assert.equal(statement.key['size'], 128);
  }
  assert.equal(roots.size, 1);
});

test('a release policy is attested by its hash', async () => {
  const policy = {
    version: '1.0.0',
    anyOf: [{ authority: 'https://a.localhost', allOf: [{ claim: 'a', equals: 1 }] }],
  };
  const data = Buffer.from(JSON.stringify(policy)).toString('base64url');
  const bundle = await attested('at-policy', {
    kty: 'EC',
    attributes: { exportable: true },
    release_policy: { data, immutable: true },
  });
  const { statement } = verifyAttestation(bundle, undefined);
  assert.equal(statement.exportable, true);
  assert.match(statement.releasePolicy, /^immutable-from-creation:[\w-]{43}$/);
});

test('the form that az saves is read as well', async () => {
  const attestation = attestationOf(await attested('at-az', { kty: 'EC' }));
  const standard = (name: string): string => Buffer.from(attestation[name] ?? '', 'base64url').toString('base64');
  const saved = {
    certificate_pem_file: standard('certificatePemFile'),
    private_key_attestation: standard('privateKeyAttestation'),
    public_key_attestation: standard('publicKeyAttestation'),
    version: attestation['version'],
  };
  assert.equal(verifyAttestation(saved, undefined).statement.key['name'], 'at-az');
});

test('the chain must end at the root that was asked for, which stays the same over restarts', async () => {
  const bundle = await attested('at-root', { kty: 'EC' });
  const pem = Buffer.from(attestationOf(bundle)['certificatePemFile'] ?? '', 'base64url').toString();
  const blocks = pem.match(/-----BEGIN[^-]+-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  assert.equal(blocks.length, 2);
  const root = new X509Certificate(blocks[1] ?? '');
  assert.equal(verifyAttestation(bundle, root).anchored, true);
  assert.throws(() => verifyAttestation(bundle, new X509Certificate(instance.ca)), /does not end at the root/);
  await instance.restart();
  const again = (await ask('GET', '/keys/at-root/attestation')).json as Attested;
  assert.equal(verifyAttestation(again, root).anchored, true);
  assert.equal(attestationOf(again)['certificatePemFile'], attestationOf(bundle)['certificatePemFile']);
});

test('whatever is bent does not verify', async () => {
  const one = await attested('at-one', { kty: 'EC' });
  const two = await attested('at-two', { kty: 'EC' });
  const attestation = attestationOf(one);
  const { publicKeyAttestation: publicOfTwo, privateKeyAttestation: privateOfTwo } = attestationOf(two);
  const publicOfOne = attestation['publicKeyAttestation'];
  const bent = (change: object): unknown => ({ attributes: { attestation: { ...attestation, ...change } } });
  const jws = Buffer.from(attestation['privateKeyAttestation'] ?? '', 'base64url').toString();
  const [header = '', payload = '', signature = ''] = jws.split('.');
  const lie = Buffer.from(
    Buffer.from(payload, 'base64url').toString().replace('"exportable":false', '"exportable":true'),
  );
  const asStatement = (text: string): string => Buffer.from(text).toString('base64url');
  const pem = Buffer.from(attestation['certificatePemFile'] ?? '', 'base64url').toString();
  const cases: readonly (readonly [unknown, RegExp])[] = [
    [{}, /not of the format/],
    [null, /not of the format/],
    [bent({ version: 'MRVL-1' }), /not of the format/],
    [bent({ certificatePemFile: '' }), /certificatePemFile is missing/],
    [bent({ certificatePemFile: asStatement(pem + pem) }), /not two certificates/],
    [bent({ certificatePemFile: asStatement(instance.ca + instance.ca) }), /chain is broken|signature/],
    [bent({ publicKeyAttestation: publicOfTwo }), /different keys/],
    [bent({ privateKeyAttestation: privateOfTwo }), /different keys/],
    [bent({ publicKeyAttestation: undefined }), /publicKeyAttestation is missing/],
    [bent({ privateKeyAttestation: publicOfOne }), /private statement is something else/],
    [bent({ privateKeyAttestation: asStatement(`${header}.${lie.toString('base64url')}.${signature}`) }), /signature/],
    [bent({ privateKeyAttestation: asStatement(`${header}.${payload}.${signature.slice(0, -4)}AAAA`) }), /signature/],
    [bent({ privateKeyAttestation: 'AAAA' }), /does not read/],
    [{ ...one, key: two.key }, /another one/],
  ];
  for (const [document, message] of cases) assert.throws(() => verifyAttestation(document, undefined), message);
});

test('it needs the version that has it, and the right to read the key', async () => {
  await attested('at-rights', { kty: 'EC' });
  assert.equal((await ask('GET', '/keys/at-rights/attestation', undefined, '7.5')).status, 404);
  assert.equal((await ask('GET', '/keys/at-none/attestation')).status, 404);
  const stranger = await instance.issuer.token(randomUUID());
  const reply = await instance.ask('GET', '/keys/at-rights/attestation?api-version=7.6', { token: stranger });
  assert.equal(reply.status, 403);
});
