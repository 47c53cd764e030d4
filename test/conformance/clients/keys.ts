// Uses the service through the stock JavaScript SDK as the environment says, and prints a JSON line for each check. Run
// by javascript.test.ts in a process of its own: the certificates and the proxy are read when a process starts.
import assert from 'node:assert/strict';
import { createHash, createHmac, createPublicKey, randomBytes, verify } from 'node:crypto';
import { DefaultAzureCredential } from '@azure/identity';
import {
  CryptographyClient,
  KeyClient,
  type KeyVaultKey,
  type KeyWrapAlgorithm,
  parseKeyVaultKeyIdentifier,
  type SignatureAlgorithm,
} from '@azure/keyvault-keys';

const uri = process.env['AZURE_MANAGEDHSM_URI'] ?? '';
const credential = new DefaultAzureCredential();
const keys = new KeyClient(uri, credential);
const name = `js-${randomBytes(3).toString('hex')}`;

async function check(title: string, body: () => Promise<void>): Promise<void> {
  let error: string | undefined;
  try {
    await body();
  } catch (thrown) {
    error = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
  }
  console.log(JSON.stringify({ check: title, error }));
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

const refused = (status: number, code: string) => (error: unknown) => {
  assert.equal((error as { statusCode?: number }).statusCode, status, String(error));
  assert.equal((error as { code?: string }).code, code);
  return true;
};
const cryptoOf = (key: KeyVaultKey): CryptographyClient => new CryptographyClient(key, credential);
const digestOf = (bits: number): Buffer => createHash(`sha${bits}`).update('hello').digest();

await check('creates keys of every type', async () => {
  for (const keySize of [2048, 3072, 4096]) {
    const { key, keyType } = await keys.createRsaKey(`${name}-rsa${keySize}`, { keySize, hsm: true });
    assert.equal(keyType, 'RSA-HSM');
    assert.equal(key?.n?.length, keySize / 8);
  }
  for (const curve of ['P-256', 'P-256K', 'P-384', 'P-521']) {
    const { key, keyType } = await keys.createEcKey(`${name}-ec${curve}`, { curve, hsm: true });
    assert.deepEqual([keyType, key?.crv], ['EC-HSM', curve]);
  }
  for (const keySize of [128, 192, 256]) {
    const { key, keyType } = await keys.createOctKey(`${name}-oct${keySize}`, { keySize, hsm: true });
    assert.deepEqual([keyType, key?.k], ['oct-HSM', undefined]);
  }
});

await check('gets, updates and refuses keys', async () => {
  // This SDK sends 32-bit seconds: later than January 2038 arrives as a negative time.
  const expiresOn = new Date('2037-01-01T00:00:00Z');
  const made = await keys.createKey(`${name}-made`, 'RSA-HSM', { tags: { a: 'b' }, expiresOn });
  const got = await keys.getKey(`${name}-made`);
  assert.equal(got.id, made.id);
  assert.deepEqual([got.properties.tags, got.properties.expiresOn], [{ a: 'b' }, expiresOn]);
  const id = parseKeyVaultKeyIdentifier(made.id ?? '');
  assert.deepEqual([id.vaultUrl, id.name, id.version], [uri, `${name}-made`, made.properties.version]);
  const changed = await keys.updateKeyProperties(`${name}-made`, { enabled: false, tags: {} });
  assert.equal(changed.properties.enabled, false);
  await assert.rejects(cryptoOf(got).sign('RS256', digestOf(256)), refused(403, 'Forbidden'));
  await assert.rejects(keys.getKey('no-such-key'), refused(404, 'KeyNotFound'));
  await assert.rejects(keys.createRsaKey(`${name}-bad`, { keySize: 1024, hsm: true }), refused(400, 'BadParameter'));
});

await check('lists keys and versions over pages', async () => {
  for (let turn = 0; turn < 3; turn++) await keys.createOctKey(`${name}-versions`, { hsm: true });
  const versions = await collect(keys.listPropertiesOfKeyVersions(`${name}-versions`));
  assert.equal(new Set(versions.map(({ version }) => version)).size, 3);
  for (let turn = 0; turn < 20; turn++) await keys.createEcKey(`${name}-page${turn}`, { hsm: true });
  const names = (await collect(keys.listPropertiesOfKeys())).map((each) => each.name);
  assert.equal(new Set(names).size, names.length);
  assert.equal(names.filter((each) => each.startsWith(`${name}-`)).length, 3 + 4 + 3 + 1 + 1 + 20);
  const pages = await collect(keys.listPropertiesOfKeys().byPage({ maxPageSize: 7 }));
  assert.ok(pages.every((page) => page.length <= 7));
  assert.deepEqual(
    pages.flat().map((each) => each.name),
    names,
  );
});

await check('encrypts and wraps with RSA', async () => {
  for (const size of [2048, 3072, 4096]) {
    const crypto = cryptoOf(await keys.getKey(`${name}-rsa${size}`));
    for (const algorithm of ['RSA1_5', 'RSA-OAEP', 'RSA-OAEP-256'] as const) {
      const data = randomBytes(32);
      const sealed = await crypto.encrypt({ algorithm, plaintext: data });
      assert.deepEqual(Buffer.from((await crypto.decrypt({ algorithm, ciphertext: sealed.result })).result), data);
      const wrapped = await crypto.wrapKey(algorithm, data);
      assert.deepEqual(Buffer.from((await crypto.unwrapKey(algorithm, wrapped.result)).result), data);
    }
  }
});

await check('signs and verifies with RSA', async () => {
  const crypto = cryptoOf(await keys.getKey(`${name}-rsa2048`));
  for (const bits of [256, 384, 512]) {
    for (const algorithm of [`RS${bits}`, `PS${bits}`] as SignatureAlgorithm[]) {
      const { result } = await crypto.sign(algorithm, digestOf(bits));
      assert.equal((await crypto.verify(algorithm, digestOf(bits), result)).result, true);
      // `verifyData` of this client says false to every PS signature, so it would prove nothing.
      assert.equal((await crypto.verify(algorithm, Buffer.alloc(bits / 8, 7), result)).result, false);
    }
  }
});

await check('signs and verifies with every curve', async () => {
  for (const [curve, algorithm, bits] of [
    ['P-256', 'ES256', 256],
    ['P-256K', 'ES256K', 256],
    ['P-384', 'ES384', 384],
    ['P-521', 'ES512', 512],
  ] as const) {
    const key = await keys.getKey(`${name}-ec${curve}`);
    const crypto = cryptoOf(key);
    const { result } = await crypto.sign(algorithm, digestOf(bits));
    // Remotely, since this SDK knows no curves; then with a library of its own.
    assert.equal((await crypto.verify(algorithm, digestOf(bits), result)).result, true);
    assert.equal((await crypto.verify(algorithm, randomBytes(bits / 8), result)).result, false);
    const crv = curve === 'P-256K' ? 'secp256k1' : curve;
    const coordinate = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString('base64url');
    const jwk = { kty: 'EC', crv, x: coordinate(key.key?.x), y: coordinate(key.key?.y) };
    const publicKey = createPublicKey({ format: 'jwk', key: jwk });
    const options = { key: publicKey, dsaEncoding: 'ieee-p1363' } as const;
    assert.ok(verify(`sha${bits}`, Buffer.from('hello'), options, result));
  }
});

await check('encrypts with AES in all three modes', async () => {
  for (const size of [128, 192, 256]) {
    const crypto = cryptoOf(await keys.getKey(`${name}-oct${size}`));
    const data = randomBytes(48);
    const aad = Buffer.from('for');
    // Its types know the three modes by their largest keys as well as by any.
    const gcm = `A${size}GCM` as 'A256GCM';
    const sealed = await crypto.encrypt({ algorithm: gcm, plaintext: data, additionalAuthenticatedData: aad });
    const { iv: nonce, authenticationTag } = sealed;
    assert.ok(nonce !== undefined && authenticationTag !== undefined);
    const parts = { algorithm: gcm, ciphertext: sealed.result, iv: nonce, authenticationTag };
    const opened = await crypto.decrypt({ ...parts, additionalAuthenticatedData: aad });
    assert.deepEqual(Buffer.from(opened.result), data);
    await assert.rejects(crypto.decrypt(parts), refused(400, 'BadParameter'));
    const iv = randomBytes(16);
    for (const [algorithm, plaintext] of [
      [`A${size}CBC`, data],
      [`A${size}CBCPAD`, Buffer.from('any length')],
    ] as ['A256CBC', Buffer][]) {
      const made = await crypto.encrypt({ algorithm, plaintext, iv });
      assert.deepEqual((await crypto.encrypt({ algorithm, plaintext, iv })).result, made.result);
      const back = await crypto.decrypt({ algorithm, ciphertext: made.result, iv });
      assert.deepEqual(Buffer.from(back.result), plaintext);
    }
  }
});

await check('wraps with AES key wrap', async () => {
  for (const size of [128, 192, 256]) {
    const crypto = cryptoOf(await keys.getKey(`${name}-oct${size}`));
    const algorithm = `A${size}KW` as KeyWrapAlgorithm;
    const data = randomBytes(32);
    const wrapped = await crypto.wrapKey(algorithm, data);
    assert.equal(wrapped.result.length, 40);
    assert.deepEqual(Buffer.from((await crypto.unwrapKey(algorithm, wrapped.result)).result), data);
    wrapped.result[0] = (wrapped.result[0] ?? 0) ^ 1;
    await assert.rejects(crypto.unwrapKey(algorithm, wrapped.result), refused(400, 'BadParameter'));
  }
});

await check('authenticates messages with HMAC', async () => {
  const crypto = cryptoOf(await keys.getKey(`${name}-oct256`));
  for (const bits of [256, 384, 512]) {
    const algorithm = `HS${bits}` as SignatureAlgorithm;
    const { result } = await crypto.sign(algorithm, digestOf(bits));
    assert.equal(result.length, bits / 8);
    assert.equal((await crypto.verify(algorithm, digestOf(bits), result)).result, true);
    const other = createHmac(`sha${bits}`, 'another key').update(digestOf(bits)).digest();
    assert.equal((await crypto.verify(algorithm, digestOf(bits), other)).result, false);
  }
});
