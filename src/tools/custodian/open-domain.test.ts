import assert from 'node:assert/strict';
import { createHash, randomBytes, X509Certificate } from 'node:crypto';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import fc from 'fast-check';
import { encryptDirect } from '../../formats/jwe.ts';
import type { SecurityDomainFile } from '../../formats/security-domain.ts';
import { type Custodian, certify, generate, makeCustodian, makeEcCustodian } from '../../module/custodians.fixture.ts';
import { ask, bindingOf, newFolder, openModule } from '../../module/key-module.fixture.ts';
import { readHolder } from './holder.ts';
import { runKeygen } from './keygen.ts';
import { openWith } from './open-domain.fixture.ts';
import { openDomainFile } from './open-domain.ts';

let custodians: Custodian[] = [];
let document = '';

before(async () => {
  custodians = await Promise.all(['a', 'b', 'c', 'd', 'e'].map((name) => makeCustodian(name)));
  document = await download(custodians, 3);
});

async function download(by: readonly { readonly certificate: string }[], required: number): Promise<string> {
  await using module = openModule();
  await ask(module, 'provision', { instanceId: 'i-1', instanceName: 'dev' });
  const certificates = by.map(({ certificate }) => certificate);
  return (await ask(module, 'downloadSecurityDomain', { certificates, required })).document;
}

test('any three of five custodians open it, in any order, and learn the same', () => {
  fc.assert(
    fc.property(fc.shuffledSubarray([0, 1, 2, 3, 4], { minLength: 3, maxLength: 5 }), (chosen) => {
      const summary = openWith(
        document,
        chosen.map((index) => custodians[index] as Custodian),
      );
      assert.equal(summary.instanceId, 'i-1');
      assert.equal(summary.instanceName, 'dev');
      assert.equal(summary.required, 3);
      assert.equal(summary.custodians, 5);
      assert.deepEqual(summary.tags, ['strongroom_domain_keys', 'strongroom_instance']);
      assert.deepEqual(
        summary.sharesUsed,
        chosen.slice(0, 3).map((index) => index + 1),
      );
    }),
    { numRuns: 10 },
  );
});

test('two downloads of one instance have one fingerprint', async () => {
  await using module = openModule();
  await ask(module, 'provision', { instanceId: 'i-1', instanceName: 'dev' });
  const certificates = custodians.map(({ certificate }) => certificate);
  const first = await ask(module, 'downloadSecurityDomain', { certificates, required: 2 });
  const second = await ask(module, 'downloadSecurityDomain', { certificates: certificates.toReversed(), required: 2 });
  const [a, b] = [openWith(first.document, custodians), openWith(second.document, custodians.slice(1))];
  assert.equal(a.fingerprint, b.fingerprint);
  assert.equal(a.attestationRoot, b.attestationRoot);
  const binding = bindingOf('oct-HSM', ['encrypt']);
  const { blob } = await ask(module, 'createKey', { binding, size: 256, curve: '', publicExponent: 0, alg: '' });
  const { chain } = await ask(module, 'attestKey', { binding, blob });
  const root = new X509Certificate(chain.slice(chain.lastIndexOf('-----BEGIN')));
  const spki = root.publicKey.export({ format: 'der', type: 'spki' });
  assert.equal(a.attestationRoot, createHash('sha256').update(spki).digest('base64url'), 'attestations end there');
  assert.notEqual(a.fingerprint, openWith(document, custodians).fingerprint);
});

test('too few, repeated and foreign custodians do not open it', async () => {
  const [a, b] = custodians as [Custodian, Custodian];
  assert.throws(() => openWith(document, [a, b]), /3 of 5 custodians are needed, 2 are here/);
  assert.throws(() => openWith(document, [a, b, b]), /twice/);
  const stranger = await makeCustodian('stranger');
  assert.throws(() => openWith(document, [a, b, stranger]), /no share/);
  assert.throws(() => openWith(document, []), /are needed/);
});

test('a domain whose entries, quorum or custodians were changed is refused', () => {
  const parsed = (): { -readonly [K in keyof SecurityDomainFile]: SecurityDomainFile[K] } =>
    JSON.parse(document) as SecurityDomainFile;
  const open = (file: unknown) => () => openWith(JSON.stringify(file), custodians);
  const original = parsed();
  const [rootKeys, instance] = original.EncData.data as [never, never];
  assert.throws(open({ ...original, EncData: { ...original.EncData, data: [rootKeys] } }), /no entry/);
  assert.throws(open({ ...original, EncData: { ...original.EncData, data: [rootKeys, rootKeys] } }), /same tag/);
  const swapped = [
    { compact_jwe: (rootKeys as { compact_jwe: string }).compact_jwe, tag: 'strongroom_instance' },
    { compact_jwe: (instance as { compact_jwe: string }).compact_jwe, tag: 'strongroom_domain_keys' },
  ];
  assert.throws(open({ ...original, EncData: { ...original.EncData, data: swapped } }), /does not open: it was edited/);
  assert.throws(open({ ...original, SharedKeys: { ...original.SharedKeys, required: 4 } }));
  const extra = { ...original.SharedKeys, enc_shares: original.SharedKeys.enc_shares.toReversed() };
  assert.throws(open({ ...original, SharedKeys: extra }), /custodians were changed/);
  assert.throws(open({ ...original, version: 1 }), /version 2/);
  for (const text of ['', 'null', '[]', '{}', '{"version":2}']) assert.throws(() => openWith(text, custodians));
});

test('whoever knows the certificates alone cannot make a domain of this instance', async () => {
  // An entry in the right form under the right key, but signed by nobody.
  const forged = encryptDirect(randomBytes(64), 'strongroom_domain_keys', randomBytes(300));
  const file = JSON.parse(document) as { EncData: { data: { compact_jwe: string }[] } };
  (file.EncData.data[0] as { compact_jwe: string }).compact_jwe = forged;
  assert.throws(() => openWith(JSON.stringify(file), custodians), /does not open: it was edited/);
});

test('the ceremony refuses what could never be opened or counted twice', async () => {
  const [a, b] = custodians as [Custodian, Custodian];
  const small = await certify(
    'small',
    await generate({
      name: 'RSASSA-PKCS1-v1_5',
      hash: 'SHA-256',
      modulusLength: 1024,
      publicExponent: Uint8Array.of(1, 0, 1),
    }),
  );
  const pair = await generate({
    name: 'RSASSA-PKCS1-v1_5',
    hash: 'SHA-256',
    modulusLength: 2048,
    publicExponent: Uint8Array.of(1, 0, 1),
  });
  const [one, two] = [await certify('one', pair), await certify('two', pair)];
  const cases: [readonly { readonly certificate: string }[], number, RegExp][] = [
    [custodians, 1, /^required/],
    [custodians, 6, /^required/],
    [custodians, 11, /^required/],
    [[a, b], 2, /^certificates: must be 3 to 10/],
    [Array.from({ length: 11 }, () => a), 2, /^certificates: must be 3 to 10/],
    [[a, b, a], 2, /^certificates\[2\]: has the key of another/],
    [[a, one, two], 2, /^certificates\[2\]: has the key of another/],
    [[a, b, small], 2, /^certificates\[2\]: must have an RSA key/],
    [[a, b, await makeEcCustodian('ec')], 2, /^certificates\[2\]: must have an RSA key/],
    [[a, b, { certificate: 'AAAA' }], 2, /^certificates\[2\]: is not a base64 X.509/],
    [[a, b, { certificate: `${a.certificate}\n` }], 2, /^certificates\[2\]: is not a base64 X.509/],
    [[a, b, { certificate: 7 as unknown as string }], 2, /^certificates\[2\]: is not a base64 X.509/],
  ];
  for (const [by, required, message] of cases) {
    await assert.rejects(download(by, required), { code: 'BadRequest', message });
  }
});

test('nothing in the file or the summary is a root key', () => {
  const summary = JSON.stringify(openWith(document, custodians));
  assert.equal(/wrapping|recordSealing|seed/i.test(summary), false);
  assert.equal(/wrapping|recordSealing|seed/i.test(document), false);
});

test('custodians make keys whose files open a domain, encrypted or not', async () => {
  const out = newFolder();
  const passphrase = 'correct horse';
  const made = await Promise.all(
    ['alice', 'bob', 'carol'].map((name, index) =>
      runKeygen({ out, name, days: 30, bits: 2048, ...(index === 1 ? { passphrase } : {}) }),
    ),
  );
  assert.deepEqual(readdirSync(out).sort(), ['alice.cer', 'alice.pem', 'bob.cer', 'bob.pem', 'carol.cer', 'carol.pem']);
  for (const { keyFile } of made) assert.equal(statSync(keyFile).mode & 0o777, 0o600);
  const certificates = made.map(({ certificateFile }) => ({
    certificate: readFileSync(certificateFile, 'utf8').replace(/-----[^-]+-----|\s/g, ''),
  }));
  assert.match(readFileSync(join(out, 'bob.pem'), 'utf8'), /ENCRYPTED/);
  const file = join(out, 'domain.json');
  writeFileSync(file, await download(certificates, 2));
  const keys = made.slice(0, 2).map(({ keyFile }) => keyFile);
  const summary = await openDomainFile(file, keys, () => Promise.resolve('correct horse'));
  assert.deepEqual(summary.sharesUsed, [1, 2]);
  await assert.rejects(
    openDomainFile(file, keys, () => Promise.resolve('other')),
    /bob\.pem does not read: wrong passphrase/,
  );
  const [alice, bob] = made as [(typeof made)[0], (typeof made)[0]];
  await assert.rejects(
    readHolder({
      key: alice.keyFile,
      certificate: bob.certificateFile,
      passphraseOf: () => Promise.resolve(passphrase),
    }),
    /do not belong together/,
  );
  await assert.rejects(runKeygen({ out, name: 'alice', days: 30, bits: 2048 }), /exists already/);
  await assert.rejects(runKeygen({ out, name: '../eve', days: 30 }), /^Refusal: name/);
  await assert.rejects(runKeygen({ out, name: 'eve', days: 0 }), /days/);
  await assert.rejects(runKeygen({ out, name: 'eve', days: 9, passphrase: 'eleven char' }), /at least 12 characters/);
});
