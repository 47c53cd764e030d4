// secureWrapKey and secureUnwrapKey over raw HTTPS: a key that nobody but an attested enclave ever sees.
import assert from 'node:assert/strict';
import { constants, generateKeyPairSync, privateDecrypt, randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { issueToken, jwksOf, makeAuthority } from '../../src/tools/release/authority/issue-token.ts';
import { type Reply, type RunningInstance, startRunningInstance } from '../support/running-instance.ts';

const NEW = '2026-01-01-preview';
const enclave = generateKeyPairSync('rsa', { modulusLength: 2048 });
const authority = makeAuthority('https://attestation.test.localhost');
const policy = {
  version: '1.0.0',
  anyOf: [{ authority: authority.authority, allOf: [{ claim: 'tier', equals: 'gold' }] }],
};
const wrapping = {
  release_policy: { data: Buffer.from(JSON.stringify(policy)).toString('base64url') },
};
const releasable = { attributes: { exportable: true } };
const KEY_OPS = ['secureWrapKey', 'secureUnwrapKey'];

let instance: RunningInstance;
let token: string;
before(async () => {
  instance = await startRunningInstance();
  await instance.activate();
  const user = randomUUID();
  await instance.assign('Managed HSM Crypto User', user);
  token = await instance.issuer.token(user);
  const trusted = await instance.ask('PUT', `/strongroom/attestation-authorities/test?api-version=${NEW}`, {
    token: await instance.adminToken(),
    body: { authority: authority.authority, jwks: jwksOf(authority) },
  });
  assert.equal(trusted.status, 200, trusted.text);
});
after(() => instance[Symbol.asyncDispose]());

const ask = (method: string, path: string, body?: unknown, version = NEW): Promise<Reply> =>
  instance.ask(method, `${path}?api-version=${version}`, { token, ...(body === undefined ? {} : { body }) });

async function officerToken(): Promise<string> {
  const officer = randomUUID();
  await instance.assign('Managed HSM Crypto Officer', officer);
  return instance.issuer.token(officer);
}

async function create(name: string, body: object): Promise<Reply> {
  const reply = await ask('POST', `/keys/${name}/create`, { ...wrapping, key_ops: KEY_OPS, ...body });
  assert.equal(reply.status, 200, reply.text);
  return reply;
}

function target(tier = 'gold', seconds = 300): string {
  const now = Math.floor(Date.now() / 1000);
  return issueToken(authority, { enclaveKey: enclave.publicKey, claims: { tier }, now, lifetime: seconds });
}

function refusalOf(reply: Reply): string {
  const { error } = reply.json as { error: { code: string; message: string; innererror?: { code: string } } };
  return `${reply.status} ${error.code}/${error.innererror?.code ?? ''} ${error.message}`;
}

const BY_KEY = [
  ['sw-rsa', { kty: 'RSA' }, ['RSA-OAEP-256']],
  ['sw-128', { kty: 'oct', key_size: 128 }, ['A128KW', 'A128KWPAD', 'CKM_AES_KEY_WRAP', 'CKM_AES_KEY_WRAP_PAD']],
  ['sw-192', { kty: 'oct', key_size: 192 }, ['A192KW', 'A192KWPAD']],
  ['sw-256', { kty: 'oct', key_size: 256 }, ['A256KW', 'A256KWPAD', 'CKM_AES_KEY_WRAP']],
] as const;

test('every algorithm wraps a fresh key, which comes back for the enclave alone', async () => {
  const seen = new Set<string>();
  for (const [name, body, algorithms] of BY_KEY) {
    await create(name, body);
    for (const alg of algorithms) {
      const wrapped = await ask('POST', `/keys/${name}/securewrapkey`, { alg });
      assert.equal(wrapped.status, 200, `${alg}: ${wrapped.text}`);
      const { kid, value, ...rest } = wrapped.json as { kid: string; alg: string; value: string };
      assert.deepEqual(rest, { alg });
      const opened = await ask('POST', `${new URL(kid).pathname}/secureunwrapkey`, { alg, value, target: target() });
      assert.equal(opened.status, 200, `${alg}: ${opened.text}`);
      const answer = opened.json as { kid: string; alg: string; value: string };
      assert.deepEqual([answer.kid, answer.alg], [kid, alg]);
      const made = privateDecrypt(
        { key: enclave.privateKey, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' },
        Buffer.from(answer.value, 'base64url'),
      );
      assert.equal(made.length, 32);
      seen.add(made.toString('hex'));
    }
  }
  assert.equal(seen.size, 10);
});

test('what does not fit, is not permitted or is not attested is refused', async () => {
  await create('strict', { kty: 'oct', key_size: 256 });
  const wrap = (body: object, version = NEW): Promise<Reply> =>
    ask('POST', '/keys/strict/securewrapkey', body, version);
  const unwrap = (body: object): Promise<Reply> => ask('POST', '/keys/strict/secureunwrapkey', body);
  assert.match(refusalOf(await wrap({})), /^400.*'alg' is required/);
  assert.match(refusalOf(await wrap({ alg: 'A256GCM' })), /^400.*Invalid alg/);
  assert.match(refusalOf(await wrap({ alg: 'A128KW' })), /^400.*does not fit/);
  assert.match(refusalOf(await wrap({ alg: 'RSA-OAEP-256' })), /^400.*does not fit/);
  assert.match(refusalOf(await wrap({ alg: 'A256KW', value: 'AAAA' })), /^400.*'value' must be left out/);
  assert.equal((await wrap({ alg: 'A256KW' }, '7.6')).status, 404);
  const { value } = (await wrap({ alg: 'A256KW' })).json as { value: string };
  assert.match(refusalOf(await unwrap({ alg: 'A256KW', value })), /^400.*'target' is required/);
  assert.match(
    refusalOf(await unwrap({ alg: 'A256KW', value, target: target('tin') })),
    /^403 Forbidden\/TargetRefused/,
  );
  assert.match(refusalOf(await unwrap({ alg: 'A256KW', value, target: target('gold', -1) })), /^403.*expired/);
  const issuer = { applicationTrustedIssuer: 'x' };
  assert.match(
    refusalOf(await unwrap({ alg: 'A256KW', value, target: target(), ...issuer })),
    /^400.*applicationTrusted/,
  );
  const texts = await Promise.all(
    [`${value.startsWith('A') ? 'B' : 'A'}${value.slice(1)}`, value.slice(0, 32), 'AAAA', ''].map(async (bad) => {
      const refusal = refusalOf(await unwrap({ alg: 'A256KW', value: bad, target: target() }));
      return refusal.replace(/\(Activity.*/, '');
    }),
  );
  assert.deepEqual(
    [...new Set(texts)],
    ['400 BadParameter/ The value could not be unwrapped with this key and algorithm '],
  );
});

test('the operations are for keys that were made for them', async () => {
  const make = (body: object, version = NEW): Promise<Reply> => ask('POST', '/keys/other/create', body, version);
  assert.match(refusalOf(await make({ kty: 'oct', key_ops: KEY_OPS })), /^400 BadParameter.*must have release policy/);
  const both = { kty: 'oct', key_ops: KEY_OPS, ...wrapping, ...releasable };
  assert.match(refusalOf(await make(both)), /^400 BadParameter.*exportable must be left out/);
  assert.match(refusalOf(await make({ kty: 'EC', key_ops: KEY_OPS, ...wrapping })), /not for EC-HSM/);
  assert.match(
    refusalOf(await make({ kty: 'oct', key_ops: KEY_OPS, ...wrapping }, '7.6')),
    /needs api-version 2026-01/,
  );
  for (const open of ['encrypt', 'decrypt', 'wrapKey', 'unwrapKey']) {
    const mixed = { kty: 'oct', key_ops: ['secureUnwrapKey', open], ...wrapping };
    assert.match(refusalOf(await make(mixed)), new RegExp(`key_ops '${open}' excludes secureWrapKey`));
  }
  assert.equal((await make({ kty: 'oct', ...wrapping, ...releasable })).status, 200);
  const added = await ask('PATCH', '/keys/other', { key_ops: KEY_OPS });
  assert.match(refusalOf(added), /^400 BadParameter.*are fixed when a key is made/);
  const wrap = (): Promise<Reply> => ask('POST', '/keys/other/securewrapkey', { alg: 'A256KW' });
  assert.match(refusalOf(await wrap()), /^403 Forbidden\/KeyOperationForbidden/);
  await ask('POST', '/keys/closed/create', { kty: 'oct' });
  const closed = await ask('POST', '/keys/closed/securewrapkey', { alg: 'A256KW' });
  assert.match(refusalOf(closed), /^403 Forbidden\/KeyOperationForbidden/);
  await create('timed', { kty: 'oct' });
  const timed = (operation: string, body: object): Promise<Reply> => ask('POST', `/keys/timed/${operation}`, body);
  const { value } = (await timed('securewrapkey', { alg: 'A256KW' })).json as { value: string };
  await ask('PATCH', '/keys/timed', { attributes: { exp: 10 } });
  assert.match(refusalOf(await timed('securewrapkey', { alg: 'A256KW' })), /^403 Forbidden\/KeyExpired/);
  assert.equal((await timed('secureunwrapkey', { alg: 'A256KW', value, target: target() })).status, 200);
  await ask('PATCH', '/keys/timed', { attributes: { enabled: false } });
  assert.match(refusalOf(await timed('secureunwrapkey', { alg: 'A256KW', value, target: target() })), /KeyDisabled/);
});

test('a key from outside wraps for no enclave: who brought it would open what it wraps', async () => {
  await create('made-here', { kty: 'oct', key_size: 256 });
  const k = Buffer.alloc(32, 7).toString('base64url');
  const brought = await ask('PUT', '/keys/made-here', { key: { kty: 'oct', k, key_ops: KEY_OPS }, ...wrapping });
  assert.match(
    refusalOf(brought),
    /^400 BadParameter\/ key_ops 'secureWrapKey' and 'secureUnwrapKey' are for keys made here/,
  );
});

test('a key made to wrap for enclaves is shown as one that never leaves, is not released, and keeps its policy', async () => {
  const made = await create('stays', { kty: 'RSA', release_policy: { ...wrapping.release_policy, immutable: true } });
  const { attributes, key, ...rest } = made.json as Record<string, Record<string, unknown>>;
  assert.equal(attributes?.['exportable'], false);
  assert.deepEqual(new Set(key?.['key_ops'] as string[]), new Set(KEY_OPS));
  assert.equal(rest['release_policy']?.['immutable'], true);
  const left = await ask('POST', '/keys/stays/release', { target: target() });
  assert.match(refusalOf(left), /^403 Forbidden\/KeyNotExportable Operation release is not for keys with key_ops/);
  const other = Buffer.from(JSON.stringify({ ...policy, version: '1.0' })).toString('base64url');
  const changed = await ask('PATCH', '/keys/stays', { release_policy: { data: other } });
  assert.match(
    refusalOf(changed),
    /^400 BadParameter\/ AKV\.SKR\.1020: Immutable Key Release Policy cannot be modified\. /,
  );
  const policed = await ask('PUT', '/keys/stays/rotationpolicy', {
    lifetimeActions: [{ trigger: { timeAfterCreate: 'P30D' }, action: { type: 'rotate' } }],
  });
  assert.equal(policed.status, 200, policed.text);
  const rotated = await ask('POST', '/keys/stays/rotate', {});
  assert.equal(rotated.status, 200, rotated.text);
  assert.equal((rotated.json as typeof rest)['attributes']?.['exportable'], false);
  const backup = (await ask('POST', '/keys/stays/backup', {})).json as { value: string };
  await ask('DELETE', '/keys/stays');
  await instance.ask('DELETE', `/deletedkeys/stays?api-version=${NEW}`, { token: await officerToken() });
  const restored = await ask('POST', '/keys/restore', backup);
  assert.equal(restored.status, 200, restored.text);
  const wrapped = (await ask('POST', '/keys/stays/securewrapkey', { alg: 'RSA-OAEP-256' })).json as { value: string };
  const opened = await ask('POST', '/keys/stays/secureunwrapkey', {
    alg: 'RSA-OAEP-256',
    ...wrapped,
    target: target(),
  });
  assert.equal(Buffer.from((opened.json as { value: string }).value, 'base64url').length, 256);
});
