// The life of keys through the stock JavaScript SDK, told of one api-version after the other, which come as arguments.
// What a version does not have must be refused. Prints a JSON line for each check; run by api-versions.test.ts.
import assert from 'node:assert/strict';
import { createHash, generateKeyPairSync, randomBytes } from 'node:crypto';
import { DefaultAzureCredential } from '@azure/identity';
import { CryptographyClient, KeyClient, type KeyVaultKey } from '@azure/keyvault-keys';

const uri = process.env['AZURE_MANAGEDHSM_URI'] ?? '';
const credential = new DefaultAzureCredential();
const run = randomBytes(3).toString('hex');
const DATA = randomBytes(32);
const DIGEST = createHash('sha256').update('hello').digest();
const QUICK = { intervalInMs: 50 };

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

async function checkVersion(serviceVersion: string): Promise<void> {
  const sent = new Set<string | null>();
  // The SDK could ignore the option: what it sends is what counts.
  const watch = {
    name: 'watch',
    sendRequest<Request extends { url: string }, Answer>(request: Request, next: (request: Request) => Answer): Answer {
      sent.add(new URL(request.url).searchParams.get('api-version'));
      return next(request);
    },
  };
  const options = { serviceVersion, additionalPolicies: [{ policy: watch, position: 'perRetry' as const }] };
  const keys = new KeyClient(uri, credential, options);
  const cryptoOf = (key: KeyVaultKey): CryptographyClient => new CryptographyClient(key, credential, options);
  const name = `v${serviceVersion.replaceAll('.', '-')}-${run}`;

  async function check(title: string, body: () => Promise<void>): Promise<void> {
    let error: string | undefined;
    try {
      await body();
    } catch (thrown) {
      error = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
    }
    console.log(JSON.stringify({ check: `${serviceVersion}: ${title}`, error }));
  }
  /** One dated version came before the numbered ones, all others after. */
  const before = (first: string): boolean =>
    serviceVersion.startsWith('7.') ? serviceVersion < first : serviceVersion === '2016-10-01';
  const absent = { statusCode: 404, code: 'NotFound' };

  await check('creates and imports', async () => {
    assert.equal((await keys.createKey(`${name}-any`, 'EC-HSM', { tags: { a: 'b' } })).keyType, 'EC-HSM');
    assert.equal((await keys.createRsaKey(`${name}-rsa`, { hsm: true })).keyType, 'RSA-HSM');
    assert.equal((await keys.createEcKey(`${name}-ec`, { hsm: true, curve: 'P-256' })).keyType, 'EC-HSM');
    assert.equal((await keys.createOctKey(`${name}-oct`, { hsm: true, keySize: 256 })).keyType, 'oct-HSM');
    const { d, x, y } = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' });
    const [private_, across, up] = [d, x, y].map((member) => Buffer.from(member ?? '', 'base64url'));
    assert.ok(private_ !== undefined && across !== undefined && up !== undefined);
    const own = { kty: 'EC-HSM' as const, crv: 'P-256' as const, d: private_, x: across, y: up };
    const imported = await keys.importKey(`${name}-own`, own);
    assert.deepEqual(Buffer.from(imported.key?.x ?? []), across);
  });

  await check('gets, lists and updates', async () => {
    const first = await keys.getKey(`${name}-any`);
    assert.deepEqual(first.properties.tags, { a: 'b' });
    const second = await keys.createKey(`${name}-any`, 'EC-HSM');
    const versions = await collect(keys.listPropertiesOfKeyVersions(`${name}-any`));
    const ids = [first, second].map(({ properties }) => properties.version);
    assert.deepEqual(new Set(versions.map(({ version }) => version)), new Set(ids));
    const pages = await collect(keys.listPropertiesOfKeys().byPage({ maxPageSize: 2 }));
    assert.ok(pages.length > 1 && pages.every((page) => page.length <= 2));
    const listed = pages.flat().map((each) => each.name);
    assert.equal(listed.filter((each) => each.startsWith(`${name}-`)).length, 5);
    const changed = await keys.updateKeyProperties(`${name}-any`, ids[0] ?? '', { enabled: false });
    assert.equal(changed.properties.enabled, false);
    assert.equal((await keys.getKey(`${name}-any`)).properties.enabled, true);
  });

  await check('encrypts and wraps', async () => {
    const rsa = cryptoOf(await keys.getKey(`${name}-rsa`));
    const sealed = await rsa.encrypt({ algorithm: 'RSA-OAEP-256', plaintext: DATA });
    const opened = await rsa.decrypt({ algorithm: 'RSA-OAEP-256', ciphertext: sealed.result });
    assert.deepEqual(Buffer.from(opened.result), DATA);
    const oct = keys.getCryptographyClient(`${name}-oct`);
    const wrapped = await oct.wrapKey('A256KW', DATA);
    const unwrapped = await cryptoOf(await keys.getKey(`${name}-oct`)).unwrapKey('A256KW', wrapped.result);
    assert.deepEqual(Buffer.from(unwrapped.result), DATA);
  });

  await check('signs and verifies', async () => {
    const ec = cryptoOf(await keys.getKey(`${name}-ec`));
    const { result } = await ec.sign('ES256', DIGEST);
    assert.equal((await ec.verify('ES256', DIGEST, result)).result, true);
    assert.equal((await ec.verify('ES256', randomBytes(32), result)).result, false);
    const rsa = cryptoOf(await keys.getKey(`${name}-rsa`));
    const signed = await rsa.signData('RS256', Buffer.from('hello'));
    assert.equal((await rsa.verifyData('RS256', Buffer.from('hello'), signed.result)).result, true);
    assert.equal((await rsa.verifyData('RS256', Buffer.from('other'), signed.result)).result, false);
  });

  await check('authenticates messages since 7.6', async () => {
    const oct = cryptoOf(await keys.getKey(`${name}-oct`));
    if (before('7.6')) {
      await assert.rejects(oct.sign('HS256', DIGEST), { statusCode: 400, code: 'BadParameter' });
      return;
    }
    const { result } = await oct.sign('HS256', DIGEST);
    assert.equal((await oct.verify('HS256', DIGEST, result)).result, true);
  });

  await check('draws random bytes, and rotates since 7.3', async () => {
    assert.equal((await keys.getRandomBytes(16)).length, 16);
    const policy = { lifetimeActions: [{ action: 'Rotate' as const, timeAfterCreate: 'P2M' }] };
    if (before('7.3')) {
      await assert.rejects(keys.getKeyRotationPolicy(`${name}-ec`), absent);
      await assert.rejects(keys.updateKeyRotationPolicy(`${name}-ec`, policy), absent);
      await assert.rejects(keys.rotateKey(`${name}-ec`), absent);
      return;
    }
    const set = await keys.updateKeyRotationPolicy(`${name}-ec`, policy);
    assert.equal(set.lifetimeActions?.[0]?.timeAfterCreate, 'P2M');
    assert.deepEqual(await keys.getKeyRotationPolicy(`${name}-ec`), set);
    const old = await keys.getKey(`${name}-ec`);
    assert.notEqual((await keys.rotateKey(`${name}-ec`)).properties.version, old.properties.version);
  });

  await check('releases since 7.3', async () => {
    // This key may not leave: a version that has the operation answers for the key, and not that there is none.
    const refused = before('7.3') ? absent : { statusCode: 403, code: 'Forbidden' };
    await assert.rejects(keys.releaseKey(`${name}-rsa`, 'e30.e30.e30'), refused);
  });

  await check('attests since 7.6', async () => {
    if (before('7.6')) return assert.rejects(keys.getKeyAttestation(`${name}-ec`), absent);
    const { properties } = await keys.getKeyAttestation(`${name}-ec`);
    assert.ok((properties.attestation?.privateKeyAttestation?.length ?? 0) > 0);
  });

  await check('backs up, deletes, recovers, purges and restores', async () => {
    const one = `${name}-own`;
    const made = await keys.getKey(one);
    const blob = (await keys.backupKey(one)) ?? assert.fail('no backup');
    const deleted = await (await keys.beginDeleteKey(one, QUICK)).pollUntilDone();
    assert.equal(deleted.properties.recoveryId, `${uri}/deletedkeys/${one}`);
    assert.ok((await collect(keys.listDeletedKeys())).some((each) => each.name === one));
    assert.equal((await keys.getDeletedKey(one)).id, made.id);
    await assert.rejects(keys.getKey(one), { statusCode: 404, code: 'KeyNotFound' });
    assert.equal((await (await keys.beginRecoverDeletedKey(one, QUICK)).pollUntilDone()).name, one);
    assert.equal((await keys.getKey(one)).id, made.id);
    await (await keys.beginDeleteKey(one, QUICK)).pollUntilDone();
    await keys.purgeDeletedKey(one);
    await assert.rejects(keys.getDeletedKey(one), { statusCode: 404, code: 'KeyNotFound' });
    assert.equal((await keys.restoreKeyBackup(blob)).id, made.id);
  });

  await check('was sent, and no other', async () => {
    assert.deepEqual([...sent], [serviceVersion]);
  });
}

for (const version of process.argv.slice(2)) await checkVersion(version);
