// Keys and what is done with them, over raw HTTPS: shapes, defaults, aliases, refusals, every algorithm once.
import assert from 'node:assert/strict';
import { constants, createPublicKey, randomBytes, randomUUID, verify as verifySignature } from 'node:crypto';
import { after, before, test } from 'node:test';
import { readEntries } from '../support/audit-entries.ts';
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

interface Bundle {
  readonly key: Record<string, unknown> & { kid: string; kty: string; key_ops: string[] };
  readonly attributes: Record<string, unknown>;
  readonly tags?: Record<string, string>;
}

const b64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url');
const ask = (method: string, path: string, body?: unknown, version = '7.6'): Promise<Reply> =>
  instance.ask(method, `${path}${path.includes('?') ? '&' : '?'}api-version=${version}`, {
    token,
    ...(body === undefined ? {} : { body }),
  });

async function create(name: string, body: unknown): Promise<Bundle> {
  const reply = await ask('POST', `/keys/${name}/create`, body);
  assert.equal(reply.status, 200, reply.text);
  return reply.json as Bundle;
}

async function operate(
  kid: string,
  operation: string,
  body: unknown,
): Promise<Record<string, string> & { value: string }> {
  const reply = await ask('POST', `${new URL(kid).pathname}/${operation}`, body);
  assert.equal(reply.status, 200, `${operation}: ${reply.text}`);
  return reply.json as Record<string, string> & { value: string };
}

async function verifies(
  kid: string,
  body: Readonly<Record<'alg' | 'digest' | 'value', string>>,
  valid: boolean,
): Promise<void> {
  assert.deepEqual(await operate(kid, 'verify', body), { alg: body.alg, kid, value: valid });
}

function codeOf(reply: Reply): string {
  const { error } = reply.json as { error: { code: string; message: string; innererror?: { code: string } } };
  assert.match(error.message, /\(Activity ID: [0-9a-f-]{36}\)$/);
  return error.innererror === undefined ? error.code : `${error.code}/${error.innererror.code}`;
}

test('a key bundle has the members and forms that clients read', async () => {
  const bundle = await create('Bundle-1', { kty: 'RSA', attributes: { exp: 4102444800 }, tags: { a: 'b' } });
  assert.match(bundle.key.kid, /^https:\/\/test\.managedhsm\.azure\.net\/keys\/Bundle-1\/[0-9a-f]{32}$/);
  assert.equal(bundle.key.kty, 'RSA-HSM');
  assert.equal(bundle.key['e'], 'AQAB');
  assert.equal(Buffer.from(bundle.key['n'] as string, 'base64url').length, 256);
  assert.deepEqual(bundle.tags, { a: 'b' });
  const { created, updated, ...attributes } = bundle.attributes;
  assert.equal(typeof created, 'number');
  assert.equal(updated, created);
  assert.deepEqual(attributes, {
    enabled: true,
    exp: 4102444800,
    exportable: false,
    recoverableDays: 7,
    recoveryLevel: 'CustomizedRecoverable+Purgeable',
  });
  const shown = await ask('GET', '/keys/bundle-1/');
  assert.deepEqual(shown.json, bundle);
});

test('types, sizes and curves have their defaults, and a symmetric key never shows its value', async () => {
  assert.equal((await create('ec-default', { kty: 'EC' })).key['crv'], 'P-256');
  for (const crv of ['P-256', 'P-256K', 'P-384', 'P-521']) {
    const { key } = await create(`ec-${crv}`, { kty: 'EC-HSM', crv });
    assert.deepEqual([key.kty, key['crv'], key.key_ops], ['EC-HSM', crv, ['sign', 'verify', 'deriveKey']]);
  }
  for (const size of [128, 192, 256]) {
    const { key } = await create(`oct-${size}`, { kty: 'oct', key_size: size });
    assert.deepEqual(Object.keys(key).sort(), ['key_ops', 'kid', 'kty']);
    assert.equal(key.kty, 'oct-HSM');
  }
  for (const size of [3072, 4096]) {
    const { key } = await create(`rsa-${size}`, { kty: 'RSA-HSM', key_size: size, key_ops: ['sign', 'verify'] });
    assert.equal(Buffer.from(key['n'] as string, 'base64url').length, size / 8);
  }
});

test('what a key cannot be is refused by the name of the member', async () => {
  const bad: readonly (readonly [unknown, RegExp])[] = [
    [{}, /'kty' is required/],
    [{ kty: 5 }, /'kty' must be a string/],
    [{ kty: 'DSA' }, /kty/],
    [{ kty: 'RSA', key_size: 64 }, /Invalid key size: '64'/],
    [{ kty: 'RSA', key_size: 'large' }, /'key_size' must be an integer/],
    [{ kty: 'RSA', public_exponent: 7 }, /'7'\. Use one of 3, 5, 17, 257, 65537/],
    [{ kty: 'RSA', public_exponent: -1 }, /Use one of 3, 5, 17, 257, 65537/],
    [{ external_key: { id: 'ext' } }, /'external_key' is not offered/],
    [{ attributes: { external_key: { id: 'ext' } } }, /'attributes\.external_key' is not offered/],
    [{ kty: 'EC', crv: 'P-255' }, /crv/],
    [{ kty: 'oct', crv: 'P-256' }, /crv/],
    [{ kty: 'EC', key_ops: ['encrypt'] }, /key_ops/],
    [{ kty: 'RSA', key_ops: ['import', 'sign'] }, /import/],
    [{ kty: 'RSA', key_ops: 'sign' }, /key_ops/],
    [{ kty: 'RSA', attributes: { nbf: 10, exp: 10 } }, /nbf/],
    [{ kty: 'RSA', attributes: { enabled: 'yes' } }, /enabled/],
    [{ kty: 'RSA', attributes: { exportable: true } }, /release policy/],
    [{ kty: 'RSA', release_policy: { data: 'e30' } }, /Non-exportable keys must not have release policy/],
    [{ kty: 'RSA', tags: { a: 1 } }, /tags/],
    [{ kty: 'RSA', tags: Object.fromEntries(Array.from({ length: 51 }, (_, i) => [`t${i}`, ''])) }, /50 tags/],
  ];
  for (const [body, text] of bad) {
    const reply = await ask('POST', '/keys/refused/create', body);
    assert.equal(reply.status, 400, JSON.stringify(body));
    assert.equal(codeOf(reply), 'BadParameter');
    assert.match(reply.text, text);
  }
  for (const name of ['under_score', 'bad%21@%23$']) {
    const reply = await ask('POST', `/keys/${name}/create`, { kty: 'EC' });
    assert.equal(reply.status, 400);
    assert.match(reply.text, /"Invalid key identifier or name \(Activity ID: /);
  }
  assert.equal((await ask('GET', '/keys/refused')).status, 404);
});

test('what is not there is told of by the address of the key, whatever of it was asked for', async () => {
  for (const [method, path] of [
    ['GET', '/keys/none/'],
    ['PATCH', '/keys/none/0123'],
    ['POST', '/keys/none/rotate'],
  ] as const) {
    const reply = await ask(method, path, method === 'PATCH' ? {} : undefined);
    assert.equal(reply.status, 404, path);
    const text = `Key not found: https://test.managedhsm.azure.net/keys/none (Activity ID: `;
    assert.ok((reply.json as { error: { message: string } }).error.message.startsWith(text), reply.text);
  }
});

test('lists come in pages of at most 25, through next links without api-version', async () => {
  for (let i = 0; i < 30; i++) await create(`paged-${String(i).padStart(2, '0')}`, { kty: 'oct', key_size: 128 });
  const names: string[] = [];
  let next: string | undefined = '/keys?maxresults=7&api-version=7.6';
  while (next !== undefined) {
    const reply: Reply = await instance.ask('GET', next, { token });
    assert.equal(reply.status, 200, reply.text);
    const page = reply.json as { value: { kid: string; attributes: object }[]; nextLink?: string };
    assert.ok(page.value.length <= 7);
    names.push(...page.value.map((item) => new URL(item.kid).pathname));
    next = page.nextLink === undefined ? undefined : page.nextLink.slice(page.nextLink.indexOf('/keys'));
    if (page.nextLink !== undefined)
      assert.match(page.nextLink, /^https:\/\/test\.managedhsm\.azure\.net\/keys\/\?maxresults=7&\$skiptoken=[\w-]+$/);
  }
  assert.equal(new Set(names).size, names.length);
  assert.equal(names.filter((name) => name.startsWith('/keys/paged-')).length, 30);
  for (const size of ['0', '26', 'x', '-1'])
    assert.equal((await ask('GET', `/keys?maxresults=${size}`)).status, 400, size);
  assert.equal((await ask('GET', '/keys?$skiptoken=*')).status, 400);
});

test('a new version becomes current, old ones go on, and versions of an unknown key are an empty list', async () => {
  const first = await create('versions', { kty: 'oct', key_size: 256 });
  const wrapped = await operate(first.key.kid, 'encrypt', { alg: 'A256GCM', value: b64(Buffer.from('old')) });
  const second = await create('Versions', { kty: 'oct', key_size: 256 });
  assert.notEqual(first.key.kid, second.key.kid);
  assert.match(second.key.kid, /\/keys\/versions\//);
  assert.equal(((await ask('GET', '/keys/versions')).json as Bundle).key.kid, second.key.kid);
  const opened = await operate(first.key.kid, 'decrypt', {
    alg: 'A256GCM',
    value: wrapped.value,
    iv: wrapped['iv'],
    tag: wrapped['tag'],
  });
  assert.equal(Buffer.from(opened.value, 'base64url').toString(), 'old');
  const list = (await ask('GET', '/keys/versions/versions')).json as { value: { kid: string }[] };
  assert.deepEqual(
    list.value.map((item) => item.kid),
    [first.key.kid, second.key.kid],
  );
  assert.deepEqual((await ask('GET', '/keys/none-such/versions')).json, { value: [] });
});

test('disabling a version stops that one, and who does it is told how many go on', async () => {
  const versions: string[] = [];
  for (let count = 0; count < 3; count++) {
    const { key } = await create('switches', { kty: 'oct-HSM', key_size: 256 });
    versions.push(key.kid.split('/').at(-1) ?? '');
  }
  const [first = '', second = '', third = ''] = versions;
  const disable = (version: string): Promise<Reply> =>
    ask('PATCH', `/keys/switches/${version}`, { attributes: { enabled: false } });
  const wrapped = async (version: string): Promise<number> =>
    (
      await ask('POST', `/keys/switches/${version}/wrapkey`, {
        alg: 'A256KW',
        value: Buffer.alloc(32).toString('base64url'),
      })
    ).status;
  const told = (reply: Reply): string => String(reply.headers['x-strongroom-warning'] ?? '');
  // The current one, by the key's name alone, as the guide does it.
  const current = await ask('PATCH', '/keys/switches', { attributes: { enabled: false } });
  assert.match(
    told(current),
    new RegExp(`^version ${third} of switches is disabled, and 2 other versions of it are enabled`),
  );
  assert.deepEqual([await wrapped(first), await wrapped(second), await wrapped(third)], [200, 200, 403]);
  const entry = readEntries(instance).findLast(({ operationName }) => operationName === 'KeyUpdate');
  assert.match(String(entry?.['resultDescription']), /2 other versions of it are enabled/);
  assert.match(told(await disable(second)), /and another version of it is enabled/);
  assert.equal(told(await disable(first)), '');
  assert.equal(await wrapped(first), 403);
  assert.equal(told(await ask('PATCH', '/keys/switches', { attributes: { enabled: true } })), '');
});

test('update leaves absent members, replaces tags, and binds new operations into the key', async () => {
  const { key } = await create('update', { kty: 'oct', key_size: 256, tags: { a: '1' }, attributes: { nbf: 5 } });
  const path = new URL(key.kid).pathname;
  const sealed = await operate(key.kid, 'encrypt', { alg: 'A256GCM', value: 'aGk' });
  const changed = (await ask('PATCH', path, { key_ops: ['decrypt'], tags: { b: '2' } })).json as Bundle;
  assert.deepEqual([changed.key.key_ops, changed.tags, changed.attributes['nbf']], [['decrypt'], { b: '2' }, 5]);
  assert.equal(
    codeOf(await ask('POST', `${path}/encrypt`, { alg: 'A256GCM', value: 'aGk' })),
    'Forbidden/KeyOperationForbidden',
  );
  assert.equal(
    (await operate(key.kid, 'decrypt', { alg: 'A256GCM', value: sealed.value, iv: sealed['iv'], tag: sealed['tag'] }))
      .value,
    'aGk',
  );
  const disabled = (await ask('PATCH', '/keys/update/', { attributes: { enabled: false } })).json as Bundle;
  assert.deepEqual([disabled.attributes['enabled'], disabled.key.key_ops], [false, ['decrypt']]);
  assert.equal(
    codeOf(
      await ask('POST', `${path}/decrypt`, {
        alg: 'A256GCM',
        value: sealed.value,
        iv: sealed['iv'],
        tag: sealed['tag'],
      }),
    ),
    'Forbidden/KeyDisabled',
  );
  assert.equal((await ask('GET', path)).status, 200);
  assert.equal(codeOf(await ask('PATCH', '/keys/none-such', {})), 'KeyNotFound');
});

test('every symmetric algorithm takes back what it made, and only that', async () => {
  const value = randomBytes(32);
  for (const size of [128, 192, 256]) {
    const { key } = await create(`aes-${size}`, { kty: 'oct-HSM', key_size: size });
    const iv = b64(randomBytes(16));
    const aad = b64(Buffer.from('context'));
    const gcm = await operate(key.kid, 'encrypt', { alg: `A${size}GCM`, value: b64(value), aad });
    assert.deepEqual([gcm['alg'], gcm['kid'], gcm['aad']], [`A${size}GCM`, key.kid, aad]);
    assert.equal(Buffer.from(gcm['iv'] ?? '', 'base64url').length, 12);
    assert.equal(
      (await operate(key.kid, 'decrypt', { alg: `A${size}GCM`, value: gcm.value, iv: gcm['iv'], tag: gcm['tag'], aad }))
        .value,
      b64(value),
    );
    const forged = await ask('POST', `/keys/aes-${size}/decrypt`, {
      alg: `A${size}GCM`,
      value: gcm.value,
      iv: gcm['iv'],
      tag: gcm['tag'],
    });
    assert.equal(codeOf(forged), 'BadParameter');
    for (const mode of ['CBC', 'CBCPAD']) {
      const made = await operate(key.kid, 'encrypt', { alg: `A${size}${mode}`, value: b64(value), iv });
      assert.equal(Buffer.from(made.value, 'base64url').length, mode === 'CBC' ? 32 : 48);
      assert.equal(
        (await operate(key.kid, 'decrypt', { alg: `A${size}${mode}`, value: made.value, iv })).value,
        b64(value),
      );
    }
    for (const alg of [`A${size}KW`, 'CKM_AES_KEY_WRAP', 'CKM_AES_KEY_WRAP_PAD']) {
      const made = await operate(key.kid, 'wrapKey', { alg, value: b64(value) });
      assert.equal(Buffer.from(made.value, 'base64url').length, 40);
      assert.equal((await operate(key.kid, 'unwrapkey', { alg, value: made.value })).value, b64(value));
    }
    assert.equal(
      (await ask('POST', `/keys/aes-${size}/wrapkey`, { alg: `A${size}KW`, value: b64(randomBytes(15)) })).status,
      400,
    );
  }
  const { key } = await create('hmac', { kty: 'oct-HSM', key_size: 256 });
  for (const alg of ['HS256', 'HS384', 'HS512']) {
    const { value: tag } = await operate(key.kid, 'sign', { alg, value: b64(value) });
    await verifies(key.kid, { alg, digest: b64(value), value: tag }, true);
    await verifies(key.kid, { alg, digest: b64(randomBytes(32)), value: tag }, false);
  }
});

test('every RSA algorithm works, and others verify what it signed', async () => {
  const { key } = await create('rsa', { kty: 'RSA-HSM', key_size: 2048 });
  const publicKey = createPublicKey({
    format: 'jwk',
    key: { kty: 'RSA', n: key['n'] as string, e: key['e'] as string },
  });
  for (const alg of ['RSA1_5', 'RSA-OAEP', 'RSA-OAEP-256']) {
    const value = b64(randomBytes(32));
    for (const [there, back] of [
      ['encrypt', 'decrypt'],
      ['wrapkey', 'unwrapkey'],
    ] as const) {
      const made = await operate(key.kid, there, { alg, value });
      assert.equal((await operate(key.kid, back, { alg, value: made.value })).value, value, alg);
    }
  }
  const message = randomBytes(100);
  const { createHash } = await import('node:crypto');
  for (const bits of ['256', '384', '512']) {
    const digest = createHash(`sha${bits}`).update(message).digest();
    for (const family of ['RS', 'PS'] as const) {
      const { value } = await operate(key.kid, 'sign', { alg: family + bits, value: b64(digest) });
      const padding = family === 'RS' ? constants.RSA_PKCS1_PADDING : constants.RSA_PKCS1_PSS_PADDING;
      assert.ok(
        verifySignature(
          `sha${bits}`,
          message,
          { key: publicKey, padding, saltLength: digest.length },
          Buffer.from(value, 'base64url'),
        ),
      );
      await verifies(key.kid, { alg: family + bits, digest: b64(digest), value }, true);
      const broken = Buffer.from(value, 'base64url');
      broken[10] = (broken[10] ?? 0) ^ 1;
      await verifies(key.kid, { alg: family + bits, digest: b64(digest), value: b64(broken) }, false);
    }
  }
  const raw = await operate(key.kid, 'sign', { alg: 'RSNULL', value: b64(message) });
  await verifies(key.kid, { alg: 'RSNULL', digest: b64(message), value: raw.value }, true);
  assert.equal((await ask('POST', '/keys/rsa/sign', { alg: 'RS256', value: b64(randomBytes(31)) })).status, 400);
  assert.equal((await ask('POST', '/keys/rsa/sign', { alg: 'ES256', value: b64(randomBytes(32)) })).status, 400);
  assert.equal(
    (await ask('POST', '/keys/rsa/encrypt', { alg: 'RSA-OAEP-256', value: b64(randomBytes(191)) })).status,
    400,
  );
});

test('a digest is signed as it is on every curve', async () => {
  const { createHash } = await import('node:crypto');
  const cases = [
    ['P-256', 'ES256', 'sha256', 64],
    ['P-256K', 'ES256K', 'sha256', 64],
    ['P-384', 'ES384', 'sha384', 96],
    ['P-521', 'ES512', 'sha512', 132],
  ] as const;
  for (const [crv, alg, hash, length] of cases) {
    const { key } = await create(`sign-${crv}`, { kty: 'EC-HSM', crv });
    const message = randomBytes(50);
    const digest = createHash(hash).update(message).digest();
    const { value } = await operate(key.kid, 'sign', { alg, value: b64(digest) });
    assert.equal(Buffer.from(value, 'base64url').length, length);
    const publicKey = createPublicKey({
      format: 'jwk',
      key: { kty: 'EC', crv: crv === 'P-256K' ? 'secp256k1' : crv, x: key['x'] as string, y: key['y'] as string },
    });
    assert.ok(
      verifySignature(hash, message, { key: publicKey, dsaEncoding: 'ieee-p1363' }, Buffer.from(value, 'base64url')),
      alg,
    );
    await verifies(key.kid, { alg, digest: b64(digest), value }, true);
  }
});

test('failed decryption says the same whatever was wrong', async () => {
  const { key } = await create('oracle', { kty: 'RSA-HSM' });
  const made = await operate(key.kid, 'encrypt', { alg: 'RSA-OAEP', value: 'aGk' });
  const flipped = Buffer.from(made.value, 'base64url');
  flipped[0] = (flipped[0] ?? 0) ^ 1;
  const texts = new Set<string>();
  for (const value of [flipped, randomBytes(256), Buffer.alloc(256, 1), Buffer.alloc(256)]) {
    const reply = await ask('POST', '/keys/oracle/decrypt', { alg: 'RSA-OAEP', value: b64(value) });
    assert.equal(reply.status, 400);
    texts.add(reply.text.replace(/Activity ID: [0-9a-f-]{36}/, ''));
  }
  assert.equal(texts.size, 1);
});

test('malformed requests are refused in the service shape and nothing dies', async () => {
  await create('malformed', { kty: 'EC-HSM' });
  const path = '/keys/malformed/sign?api-version=7.6';
  for (const raw of ['', '{', '[]', '"x"', 'null', '{"alg":"ES256"', Buffer.from([0xff, 0xfe, 0x7b])]) {
    const reply = await instance.ask('POST', path, { token, raw });
    assert.equal(reply.status, 400, String(raw));
    assert.equal(codeOf(reply), 'BadParameter');
  }
  for (const value of ['====', 'a', 'YQ=', 'Y Q', 'YR', 'YQ==\n']) {
    assert.match((await ask('POST', '/keys/malformed/sign', { alg: 'ES256', value })).text, /base64url/, value);
  }
  const twice = await instance.ask('POST', path, { token, raw: '{"alg":"ES256","value":"YQ","v\\u0061lue":"Yg"}' });
  assert.match(twice.text, /has the member 'value' twice/);
  const large = await instance.ask('POST', path, { token, raw: `{"alg":"${'x'.repeat(140_000)}"}` });
  assert.equal(large.status, 413);
  const chunked = await instance
    .ask('POST', path, {
      token,
      raw: `{"alg":"${'x'.repeat(140_000)}"}`,
      headers: { 'transfer-encoding': 'chunked', 'content-length': '' },
    })
    .catch(() => undefined);
  assert.ok(chunked === undefined || chunked.status === 413 || chunked.status === 400);
  assert.equal((await ask('GET', '/keys/malformed', undefined, '9.9')).status, 400);
  assert.equal((await ask('GET', '/nowhere')).status, 404);
  const wrongMethod = await ask('DELETE', '/keys');
  assert.equal(wrongMethod.status, 405);
  assert.equal(wrongMethod.headers['allow'], 'GET');
  const misdirected = await instance.ask('GET', '/keys?api-version=7.6', {
    token,
    headers: { host: 'other.managedhsm.azure.net' },
  });
  assert.equal(misdirected.status, 421);
  assert.equal((await ask('GET', '/keys/malformed')).status, 200);
});

test('everything is as it was after a restart', async () => {
  const before = await ask('GET', '/keys/versions');
  const sealed = await ask('POST', '/keys/versions/encrypt', { alg: 'A256GCM', value: 'aGk' });
  await instance.restart();
  assert.deepEqual((await ask('GET', '/keys/versions')).json, before.json);
  const { value, iv, tag } = sealed.json as Record<string, string>;
  assert.equal(
    ((await ask('POST', '/keys/versions/decrypt', { alg: 'A256GCM', value, iv, tag })).json as { value: string }).value,
    'aGk',
  );
});
