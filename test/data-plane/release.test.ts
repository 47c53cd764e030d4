// Secure key release over raw HTTPS: making releasable keys, every reason for which a token does not get one, and what the
// enclave gets.
import assert from 'node:assert/strict';
import { createHash, createPrivateKey, generateKeyPairSync, randomBytes, randomUUID, sign } from 'node:crypto';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { issueAuthority, issueServer } from '../../src/deployment/dev-ca/issue.ts';
import { openEntries } from '../../src/features/audit/read-entries.ts';
import {
  type DevAuthority,
  issueToken,
  jwksOf,
  makeAuthority,
  type TokenRequest,
} from '../../src/tools/release/authority/issue-token.ts';
import { openRelease } from '../../src/tools/release/open-release.ts';
import { type Reply, type RunningInstance, startRunningInstance } from '../support/running-instance.ts';

const AUTHORITY = 'https://attestation.test.localhost';
const PATH = '/strongroom/attestation-authorities';
const enclave = generateKeyPairSync('rsa', { modulusLength: 2048 });
const authority = makeAuthority(`${AUTHORITY}/`);
const now = (): number => Math.floor(Date.now() / 1000);

let instance: RunningInstance;
let token: string;
let admin: string;
before(async () => {
  instance = await startRunningInstance();
  await instance.activate();
  const user = randomUUID();
  await instance.assign('Managed HSM Crypto User', user);
  token = await instance.issuer.token(user);
  admin = await instance.adminToken();
  const trusted = await ask('PUT', `${PATH}/test`, { authority: AUTHORITY, jwks: jwksOf(authority) }, admin);
  assert.equal(trusted.status, 200, trusted.text);
});
after(() => instance[Symbol.asyncDispose]());

const ask = (method: string, path: string, body?: unknown, as = token, version = '7.5'): Promise<Reply> =>
  instance.ask(method, `${path}${path.includes('?') ? '&' : '?'}api-version=${version}`, {
    token: as,
    ...(body === undefined ? {} : { body }),
  });

interface Bundle {
  readonly key: Record<string, unknown> & { readonly kid: string };
  readonly attributes: Record<string, unknown>;
  readonly release_policy?: { readonly contentType: string; readonly data: string; readonly immutable: boolean };
}

const b64 = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const conditions = { allOf: [{ claim: 'x-ms-isolation-tee.tier', equals: 'gold' }] };
const policyOf = (...entries: readonly object[]): object => ({ version: '1.0.0', anyOf: entries });
const policy = policyOf({ authority: AUTHORITY, ...conditions });

async function create(name: string, rest: object = {}, kind: object = { kty: 'EC' }): Promise<Bundle> {
  const body = { ...kind, attributes: { exportable: true }, release_policy: { data: b64(policy) }, ...rest };
  const reply = await ask('POST', `/keys/${name}/create`, body);
  assert.equal(reply.status, 200, reply.text);
  return reply.json as Bundle;
}

function targetOf(wanted: Partial<TokenRequest> = {}, by: DevAuthority = authority): string {
  const claims = { 'x-ms-isolation-tee.tier': 'gold' };
  return issueToken(by, { enclaveKey: enclave.publicKey, claims, now: now(), lifetime: 300, ...wanted });
}

const release = (name: string, body: object, as = token): Promise<Reply> =>
  ask('POST', `/keys/${name}/release`, body, as);

function refusalOf(reply: Reply): string {
  const { error } = reply.json as { error: { code: string; message: string; innererror?: { code: string } } };
  return `${reply.status} ${error.code}/${error.innererror?.code ?? ''} ${error.message}`;
}

test('a releasable key shows its policy in canonical form', async () => {
  const written = Buffer.from(
    `{ "version":"1.0.0",\n "anyOf":[{"authority":"${AUTHORITY}","allOf":[{"equals":"gold", "claim":"x-ms-isolation-tee.tier"}]}]}`,
  );
  const bundle = await create('canonical', { release_policy: { data: written.toString('base64url') } });
  assert.equal(bundle.attributes['exportable'], true);
  assert.deepEqual(Object.keys(bundle), ['attributes', 'key', 'release_policy']);
  const { contentType, data, immutable } = bundle.release_policy ?? assert.fail('no policy');
  assert.equal(contentType, 'application/json; charset=utf-8');
  assert.equal(immutable, false);
  assert.equal(
    Buffer.from(data, 'base64url').toString(),
    `{"anyOf":[{"allOf":[{"claim":"x-ms-isolation-tee.tier","equals":"gold"}],"authority":"${AUTHORITY}"}],"version":"1.0.0"}`,
  );
  const shown = await ask('GET', '/keys/canonical');
  assert.deepEqual(shown.json, bundle);
});

test('exportable and policy need each other, and export needs both', async () => {
  for (const [body, message] of [
    [{ attributes: { exportable: true } }, /Exportable keys must have release policy/],
    [{ release_policy: { data: b64(policy) } }, /Non-exportable keys must not have release policy/],
    [{ attributes: { exportable: false }, release_policy: { data: b64(policy) } }, /Non-exportable keys must not/],
    [{ attributes: { exportable: true }, release_policy: {} }, /Exportable keys must have release policy/],
    [{ attributes: { exportable: true }, release_policy: { immutable: true } }, /'release_policy.data' is required/],
    [{ attributes: { exportable: true }, release_policy: { data: 'e30*' } }, /base64url/],
    [{ attributes: { exportable: true }, release_policy: { data: b64({}) } }, /release_policy.data: version/],
    [
      { attributes: { exportable: true }, release_policy: { data: b64(policy), contentType: 'text/plain' } },
      /contentType/,
    ],
    [{ attributes: { exportable: true }, release_policy: { data: b64(policy), immutable: 'no' } }, /'immutable'/],
    [{ key_ops: ['sign', 'export'] }, /'export' is for exportable keys/],
    [
      { attributes: { exportable: true }, release_policy: { data: Buffer.alloc(10_241, ' ').toString('base64url') } },
      /larger than 10240 bytes/,
    ],
  ] as const) {
    const reply = await ask('POST', '/keys/wrong/create', { kty: 'EC', ...body });
    assert.match(refusalOf(reply), /^400 BadParameter/);
    assert.match(refusalOf(reply), message);
  }
  const exporting = await create('exporting', { key_ops: ['sign', 'export'] });
  assert.deepEqual(exporting.key['key_ops'], ['sign', 'export']);
});

test('a policy can be changed until it is made immutable, and then nothing of it', async () => {
  await create('policy-change');
  const other = policyOf({ authority: AUTHORITY, anyOf: [{ claim: 'a', equals: 1 }] });
  const patch = (body: object): Promise<Reply> => ask('PATCH', '/keys/policy-change', body);
  const changed = await patch({ release_policy: { data: b64(other) } });
  assert.equal(changed.status, 200, changed.text);
  assert.match(refusalOf(await release('policy-change', { target: targetOf() })), /does not meet.*claim a is missing/);
  const fixed = await patch({ release_policy: { immutable: true } });
  assert.equal((fixed.json as Bundle).release_policy?.immutable, true);
  for (const body of [{ data: b64(policy) }, { immutable: false }, { data: b64(other), immutable: false }]) {
    assert.match(
      refusalOf(await patch({ release_policy: body })),
      /^400 BadParameter.*AKV\.SKR\.1020: Immutable Key Release Policy cannot be modified/,
    );
  }
  assert.equal((await patch({ release_policy: { data: b64(other), immutable: true } })).status, 200);
  assert.equal((await patch({ key_ops: ['verify'], tags: { a: 'b' } })).status, 200);
  assert.match(refusalOf(await patch({ attributes: { exportable: false } })), /exportable is fixed/);
  const got = targetOf({ claims: { a: 1 } });
  assert.equal((await release('policy-change', { target: got })).status, 200);
  await ask('POST', '/keys/closed/create', { kty: 'EC' });
  assert.match(
    refusalOf(await ask('PATCH', '/keys/closed', { attributes: { exportable: true } })),
    /exportable is fixed/,
  );
  assert.match(
    refusalOf(await ask('PATCH', '/keys/closed', { release_policy: { data: b64(policy) } })),
    /Non-exportable keys must not have release policy/,
  );
});

test('a policy that can never pass is taken with a warning', async () => {
  const never = policyOf({
    authority: AUTHORITY,
    allOf: [
      { claim: 'a', equals: 1 },
      { claim: 'a', equals: 2 },
    ],
  });
  const body = { kty: 'EC', attributes: { exportable: true }, release_policy: { data: b64(never) } };
  const reply = await ask('POST', '/keys/never/create', body);
  assert.equal(reply.status, 200);
  assert.match(String(reply.headers['x-strongroom-warning']), /the key can never be released/);
  const usual = await ask('POST', '/keys/sometimes/create', { ...body, release_policy: { data: b64(policy) } });
  assert.equal(usual.headers['x-strongroom-warning'], undefined);
});

test('the enclave gets the key in every mode, in an answer of the documented form', async () => {
  for (const [name, kind] of [
    ['rel-rsa', { kty: 'RSA' }],
    ['rel-ec', { kty: 'EC-HSM', crv: 'P-521' }],
    ['rel-oct', { kty: 'oct', key_size: 192 }],
  ] as const) {
    const { key: made, release_policy: shown } = await create(name, {}, kind);
    for (const enc of [undefined, 'CKM_RSA_AES_KEY_WRAP', 'RSA_AES_KEY_WRAP_256', 'RSA_AES_KEY_WRAP_384']) {
      const reply = await release(name, { target: targetOf(), ...(enc === undefined ? {} : { enc, nonce: 'n-1 ✓' }) });
      assert.equal(reply.status, 200, reply.text);
      const { value } = reply.json as { value: string };
      const payload = JSON.parse(Buffer.from(value.split('.')[1] ?? '', 'base64url').toString()) as {
        request: object;
        response: {
          key: { attributes: Record<string, unknown>; key: Record<string, unknown>; release_policy: unknown };
        };
      };
      assert.deepEqual(payload.request, {
        'api-version': '7.5',
        kid: `https://test.managedhsm.azure.net/keys/${name}`,
        ...(enc === undefined ? {} : { nonce: 'n-1 ✓' }),
        enc: enc ?? 'CKM_RSA_AES_KEY_WRAP',
      });
      const { attributes, key, release_policy: policyShown } = payload.response.key;
      assert.equal(attributes['exportable'], true);
      assert.deepEqual(policyShown, shown);
      const { key_hsm: keyHsm, kty, key_ops: ops, ...members } = key;
      const { kty: madeKty, key_ops: madeOps, ...expected } = made;
      assert.equal(`${kty as string}-HSM`, madeKty);
      assert.deepEqual(new Set(ops as string[]), new Set(madeOps as string[]));
      assert.deepEqual(members, expected);
      assert.equal(typeof keyHsm, 'string');
      const { material } = openRelease(value, enclave.privateKey);
      if (kty === 'oct') assert.equal(material.length, 24);
      else await provesKey(name, material, kty as string);
    }
  }
});

/** What the released key signs, the service verifies. */
async function provesKey(name: string, material: Buffer, kty: string): Promise<void> {
  const key = createPrivateKey({ key: material, format: 'der', type: 'pkcs8' });
  const message = Buffer.from('released');
  const hash = kty === 'RSA' ? 'sha256' : 'sha512';
  const digest = createHash(hash).update(message).digest();
  const value = sign(hash, message, { key, dsaEncoding: 'ieee-p1363' }).toString('base64url');
  const alg = kty === 'RSA' ? 'RS256' : 'ES512';
  const reply = await ask('POST', `/keys/${name}/verify`, { alg, digest: digest.toString('base64url'), value });
  assert.equal((reply.json as { readonly value: unknown }).value, true);
}

test('each failing condition keeps the key in', async () => {
  const { key } = await create('kept');
  const stranger = makeAuthority('https://stranger.test.localhost');
  const forger = makeAuthority(AUTHORITY);
  const weak = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey;
  const good = targetOf();
  const cases: readonly (readonly [string, object, RegExp])[] = [
    ['no target', {}, /^400 BadParameter.*'target' is required/],
    ['no token', { target: 'x' }, /^400 BadParameter.*signed JWT/],
    ['too long', { target: 'x'.repeat(70_000) }, /^400 BadParameter.*characters/],
    ['wrong enc', { target: good, enc: 'A256GCM' }, /^400 BadParameter.*'enc'/],
    ['wrong nonce', { target: good, nonce: 7 }, /^400 BadParameter.*'nonce'/],
    ['long nonce', { target: good, nonce: 'n'.repeat(1025) }, /^400 BadParameter.*'nonce'/],
    [
      'unsigned',
      { target: `${b64({ alg: 'none', kid: 'x' })}.${good.split('.')[1]}.` },
      /^403 Forbidden\/TargetRefused/,
    ],
    ['unknown authority', { target: targetOf({}, stranger) }, /^403.*issuer is no authority of the release policy/],
    ['forged', { target: targetOf({}, forger) }, /^403.*not signed by a key of its authority/],
    ['edited', { target: edited(good) }, /^403.*not signed by a key of its authority/],
    ['expired', { target: targetOf({ now: now() - 400 }) }, /^403.*expired/],
    ['early', { target: targetOf({ now: now() + 400 }) }, /^403.*not yet valid/],
    ['no end', { target: targetOf({ claims: { exp: null } }) }, /^403.*malformed/],
    ['claim missing', { target: targetOf({ claims: {} }) }, /^403.*tier is missing/],
    [
      'claim differs',
      { target: targetOf({ claims: { 'x-ms-isolation-tee.tier': 'tin' } }) },
      /^403.*does not meet 'equals'/,
    ],
    ['no enclave key', { target: targetOf({ enclaveKey: undefined }) }, /^403.*x-ms-runtime.keys/],
    ['weak enclave key', { target: targetOf({ enclaveKey: weak }) }, /^403.*x-ms-runtime.keys/],
  ];
  for (const [what, body, expected] of cases) assert.match(refusalOf(await release('kept', body)), expected, what);
  const version = new URL(key.kid).pathname.split('/').pop() ?? '';
  assert.equal((await ask('POST', `/keys/kept/${version}/release`, { target: good })).status, 200);
  assert.equal((await ask('POST', '/keys/kept//release', { target: good })).status, 200);
  assert.equal((await ask('POST', '/keys/kept/release', { target: good }, token, '7.2')).status, 404);
  assert.match(refusalOf(await release('missing', { target: good })), /^404 KeyNotFound/);
  await ask('POST', '/keys/closed-2/create', { kty: 'EC' });
  assert.match(refusalOf(await release('closed-2', { target: good })), /^403 Forbidden\/KeyNotExportable/);
  await ask('PATCH', '/keys/kept', { attributes: { enabled: false } });
  assert.match(refusalOf(await release('kept', { target: good })), /^403 Forbidden\/KeyDisabled/);
  // Outside its validity it still leaves, as it would still decrypt.
  await ask('PATCH', '/keys/kept', { attributes: { enabled: true, exp: 10 } });
  assert.equal((await release('kept', { target: good })).status, 200);
});

function edited(target: string): string {
  const [header = '', payload = '', signature = ''] = target.split('.');
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as object;
  return `${header}.${b64({ ...claims, exp: 4102444800 })}.${signature}`;
}

test('release needs its role on the key, and trust needs the administrator', async () => {
  await create('role');
  const releaser = randomUUID();
  await instance.assign('Managed HSM Crypto Service Release User', releaser, '/keys/role');
  const as = await instance.issuer.token(releaser);
  assert.equal((await release('role', { target: targetOf() }, as)).status, 200);
  await create('role-2');
  assert.match(refusalOf(await release('role-2', { target: targetOf() }, as)), /^403 AccessDenied/);
  assert.match(refusalOf(await release('role', { target: targetOf() }, admin)), /^403 AccessDenied/);
  for (const [method, path] of [
    ['PUT', `${PATH}/mine`],
    ['DELETE', `${PATH}/test`],
    ['GET', PATH],
  ] as const) {
    const reply = await ask(
      method,
      path,
      method === 'PUT' ? { authority: AUTHORITY, jwks: jwksOf(authority) } : undefined,
    );
    assert.match(refusalOf(reply), /^403 AccessDenied/, method);
  }
});

test('an authority named by a policy must be trusted too, and trust can be taken back', async () => {
  const name = 'https://second.test.localhost/tenant-1';
  const second = makeAuthority(name);
  await create('second', { release_policy: { data: b64(policyOf({ authority: name, ...conditions })) } });
  const asking = (): Promise<Reply> => release('second', { target: targetOf({}, second) });
  assert.match(refusalOf(await asking()), /^403 Forbidden\/TargetRefused.*does not trust/);
  const put = (path: string, body: object): Promise<Reply> => ask('PUT', `${PATH}/${path}`, body, admin);
  for (const [body, message] of [
    [{ authority: 'http://x.localhost', jwks: jwksOf(second) }, /https/],
    [{ authority: name }, /Exactly one/],
    [{ authority: name, jwks: jwksOf(second), fetch: {} }, /Exactly one/],
    [{ authority: name, jwks: { keys: [] } }, /'jwks'/],
    [{ authority: name, jwks: { keys: [{ kty: 'oct', kid: 'a', k: 'AAAA' }] } }, /'jwks'/],
    [{ authority: name, fetch: { ca: 'x' } }, /'fetch.ca'/],
    [{ authority: AUTHORITY, jwks: jwksOf(second) }, /^409 Conflict/],
  ] as const) {
    assert.match(refusalOf(await put('second', body)), message);
  }
  assert.match(refusalOf(await put('Bad_Name', { authority: name, jwks: jwksOf(second) })), /^400/);
  assert.equal((await put('second', { authority: name, jwks: jwksOf(second) })).status, 200);
  assert.equal((await asking()).status, 200);
  // A token of one trusted authority does not pass for another's, whatever its issuer says.
  const posing = targetOf({ claims: { iss: AUTHORITY, 'x-ms-isolation-tee.tier': 'gold' } }, second);
  await create('first');
  assert.match(refusalOf(await release('first', { target: posing })), /not signed by a key of its authority/);
  await instance.restart();
  assert.equal((await asking()).status, 200);
  const list = (await ask('GET', PATH, undefined, admin)).json as { value: { name: string }[] };
  assert.deepEqual(
    list.value.map((each) => each.name),
    ['second', 'test'],
  );
  assert.equal((await ask('DELETE', `${PATH}/second`, undefined, admin)).status, 204);
  assert.match(refusalOf(await asking()), /does not trust/);
  assert.match(refusalOf(await ask('GET', `${PATH}/second`, undefined, admin)), /^404 NotFound/);
  assert.match(refusalOf(await ask('DELETE', `${PATH}/second`, undefined, admin)), /^404 NotFound/);
});

test('keys of an authority are fetched only where an administrator said so, over TLS that is trusted', async () => {
  const ca = issueAuthority(new Date());
  const leaf = issueServer(ca, ['127.0.0.1'], new Date());
  const served: { readonly asked: string[]; keys: object } = { asked: [], keys: {} };
  await using server = createServer({ key: leaf.key, cert: leaf.certificate }, (request, response) => {
    served.asked.push(request.url ?? '');
    const { port } = server.address() as AddressInfo;
    const document = { jwks_uri: `https://127.0.0.1:${port}/certs` };
    response.end(JSON.stringify(request.url === '/certs' ? served.keys : document));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const name = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const remote = makeAuthority(name);
  served.keys = jwksOf(remote);
  await create('remote', { release_policy: { data: b64(policyOf({ authority: name, ...conditions })) } });
  const asking = (): Promise<Reply> => release('remote', { target: targetOf({}, remote) });
  assert.match(refusalOf(await asking()), /does not trust/);
  assert.deepEqual(served.asked, []);
  const trust = (fetch: object): Promise<Reply> => ask('PUT', `${PATH}/remote`, { authority: name, fetch }, admin);
  assert.equal((await trust({ ca: instance.ca })).status, 200);
  assert.match(refusalOf(await asking()), /^503 ServiceUnavailable/);
  assert.equal((await trust({ ca: ca.certificate })).status, 200);
  assert.equal((await asking()).status, 200);
  assert.deepEqual(served.asked, ['/.well-known/openid-configuration', '/certs']);
  assert.equal((await asking()).status, 200);
  assert.equal(served.asked.length, 2, 'keys that are known are not fetched again');
  const unknown = makeAuthority(name);
  assert.match(refusalOf(await release('remote', { target: targetOf({}, unknown) })), /not signed by a key/);
});

test('an imported key is released as the bytes that came in, and a deleted one not at all', async () => {
  const k = randomBytes(32);
  const imported = await ask('PUT', '/keys/brought', {
    key: { kty: 'oct', k: k.toString('base64url'), key_ops: ['encrypt', 'decrypt', 'export'] },
    attributes: { exportable: true },
    release_policy: { data: b64(policy), immutable: true },
  });
  assert.equal(imported.status, 200, imported.text);
  const { value } = (await release('brought', { target: targetOf() })).json as { value: string };
  assert.deepEqual(openRelease(value, enclave.privateKey).material, k);
  assert.equal((await ask('DELETE', '/keys/brought')).status, 200);
  assert.match(refusalOf(await release('brought', { target: targetOf() })), /^404 KeyNotFound/);
});

test('what was released to whom is in the record', async () => {
  await create('recorded');
  await release('recorded', { target: targetOf({ kid: 'enclave-7' }) });
  const entries = [...openEntries(join(instance.folder, 'instances', 'test', 'audit')).from(0)].map(
    ({ text }) => JSON.parse(text) as { operationName: string; resultDescription: string; key?: string },
  );
  const entry = entries.find(({ operationName, key }) => operationName === 'KeyRelease' && key?.includes('/recorded/'));
  assert.equal(entry?.resultDescription, `released to the enclave key 'enclave-7' that ${AUTHORITY} vouches for`);
  const warned = entries.find(({ key }) => key?.includes('/never/'));
  assert.match(warned?.resultDescription ?? '', /can never be released/);
});
