// Taking over a security domain: what a module accepts, and what it refuses with which text.
import assert from 'node:assert/strict';
import { generateKeyPairSync, sign, X509Certificate } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import fc from 'fast-check';
import { toBase64url } from '../formats/base64url.ts';
import { deriveDomainSeed } from '../formats/domain-identity.ts';
import { decodeDomainKeys, encodeDomainKeys } from '../formats/domain-keys.ts';
import { shortFingerprint } from '../formats/fingerprint.ts';
import { ed25519Key } from '../formats/root-keys.ts';
import { encodeEntry, entryToSign, type InstanceEntry } from '../formats/security-domain.ts';
import { verifyStatement } from '../formats/verify-statement.ts';
import { type Custodian, makeCustodian } from './custodians.fixture.ts';
import { ask, bindingOf, identityOf, newFolder, openModule } from './key-module.fixture.ts';
import type { KeyModule } from './key-module.ts';
import { packetOf, shareOf, signed, thumbprintOf } from './packets.fixture.ts';
import { type Blob, entriesOf, restoreBlob } from './restore-blob.fixture.ts';

let custodians: readonly Custodian[];
let source: KeyModule;
/** Split over the first five, three needed. */
let document: string;
let entries: { tag: string; plaintext: Buffer }[];
const binding = bindingOf('oct-HSM', ['encrypt']);
const refused = (message: RegExp) => ({ code: 'DomainRefused', message });

before(async () => {
  custodians = await Promise.all([...'abcdefgh'].map((name) => makeCustodian(name)));
  source = await provisioned('source');
  document = await download(source, [0, 1, 2, 3, 4], 3);
  entries = entriesOf(
    document,
    [4, 0, 2].map((index) => shareOf(document, at(index))),
  );
});

function at(index: number): Custodian {
  return custodians[index] as Custodian;
}

async function provisioned(instanceId: string, folder = newFolder()): Promise<KeyModule> {
  const module = openModule(folder);
  await ask(module, 'provision', { instanceId, instanceName: 'dev' });
  return module;
}

async function download(module: KeyModule, chosen: readonly number[], required: number): Promise<string> {
  const certificates = chosen.map((index) => at(index).certificate);
  return (await ask(module, 'downloadSecurityDomain', { certificates, required })).document;
}

async function transferOf(module: KeyModule): Promise<Buffer> {
  return Buffer.from((await ask(module, 'transferKey', {})).certificate);
}

async function blobFor(module: KeyModule): Promise<Blob> {
  return restoreBlob(entries, await transferOf(module));
}

async function packetsFor(module: KeyModule, chosen: readonly number[]): Promise<unknown[]> {
  const transfer = await transferOf(module);
  return chosen.map((index) => packetOf(at(index), { transfer, document }));
}

function upload(module: KeyModule, value: unknown) {
  return ask(module, 'uploadSecurityDomain', {
    document: typeof value === 'string' ? value : JSON.stringify(value),
  });
}

async function backupOf(module: KeyModule): Promise<string> {
  const { blob } = await ask(module, 'createKey', { binding, size: 256, curve: '', publicExponent: 0, alg: '' });
  const versions = [{ binding, blob: toBase64url(blob), rest: {} }];
  return (await ask(module, 'backupKey', { versions, rest: {} })).value;
}

/** What an attacker who has root keys of their own can sign: a whole domain. */
function resigned(instance: Partial<InstanceEntry>, attestation?: Uint8Array): typeof entries {
  const [keysEntry, instanceEntry] = entries as [(typeof entries)[0], (typeof entries)[0]];
  const before = decodeDomainKeys(Buffer.from(keysEntry.plaintext.subarray(64)));
  const keys = encodeDomainKeys({ ...before, ...(attestation === undefined ? {} : { attestation }) });
  const key = ed25519Key(deriveDomainSeed(before.backup));
  const told = JSON.parse(instanceEntry.plaintext.subarray(64).toString('utf8')) as InstanceEntry;
  const payloads = [keys, Buffer.from(JSON.stringify({ ...told, ...instance }))];
  return [keysEntry, instanceEntry].map(({ tag }, index) => {
    const payload = payloads[index] as Buffer;
    return { tag, plaintext: encodeEntry({ payload, signature: sign(null, entryToSign(tag, payload), key) }) };
  });
}

test('a restore blob makes a fresh module part of the domain: its backups, identity, attestations and custodians', async () => {
  const backup = await backupOf(source);
  const attested = await identityOf(source);
  await using module = await provisioned('fresh');
  const before = await ask(module, 'hello', {});
  const outcome = await upload(module, await blobFor(module));
  assert.equal(outcome.required, 3);
  assert.deepEqual(
    outcome.thumbprints,
    [0, 1, 2, 3, 4].map((index) => thumbprintOf(at(index))),
  );
  assert.deepEqual(outcome.quorum, []);
  const after = await ask(module, 'hello', {});
  assert.equal(after.state, 'active');
  assert.equal(after.instanceId, 'fresh');
  assert.deepEqual(after.auditKey, before.auditKey, 'its own log goes on');
  assert.deepEqual(after.domainKey, (await ask(source, 'hello', {})).domainKey);
  assert.notDeepEqual(after.domainKey, before.domainKey);
  await ask(module, 'restoreKey', { value: backup });
  const rootOf = (chain: readonly Buffer[]): string =>
    new X509Certificate(chain[1] as Buffer).publicKey.export({ format: 'pem', type: 'spki' }).toString();
  assert.equal(rootOf((await identityOf(module)).chain), rootOf(attested.chain));
  const body = Buffer.from('a rehearsal');
  const { note } = await ask(module, 'signStatement', { kind: 'rehearsal', body });
  verifyStatement(note, 'rehearsal', body, (await ask(source, 'hello', {})).domainKey);
  // Its custodians are those of the domain.
  await assert.rejects(download(module, [5, 6, 7], 2), { code: 'OtherCustodians' });
  await download(module, [0, 1, 2, 3, 4], 3);
});

test('what was sealed before stays readable, and survives the process', async () => {
  const folder = newFolder();
  let sealed: { key: Uint8Array; sealed: Uint8Array };
  {
    await using module = await provisioned('fresh', folder);
    sealed = await ask(module, 'sealRecord', { name: 'x', revision: 1, value: Buffer.from('before') });
    await upload(module, await blobFor(module));
  }
  await using module = openModule(folder);
  assert.equal(module.state, 'active');
  const opened = await ask(module, 'openRecord', { ...sealed, revision: 1 });
  assert.equal(Buffer.from(opened.value).toString(), 'before');
});

test('clients that encode the compact forms once more are understood', async () => {
  await using module = await provisioned('fresh');
  const blob = await blobFor(module);
  const twice = (text: string): string => toBase64url(Buffer.from(text, 'ascii'));
  for (const entry of blob.EncData.data) entry.compact_jwe = twice(entry.compact_jwe);
  blob.WrappedKey.enc_key = twice(blob.WrappedKey.enc_key);
  assert.equal((await upload(module, blob)).required, 3);
});

test('packets of any quorum recover the domain, and say who they are', async () => {
  await fc.assert(
    fc.asyncProperty(fc.shuffledSubarray([0, 1, 2, 3, 4], { minLength: 3 }), fc.boolean(), async (chosen, asText) => {
      await using module = await provisioned('fresh');
      const packets = await packetsFor(module, chosen);
      const sent = asText ? packets.map((packet) => JSON.stringify(packet)) : packets;
      const outcome = await upload(module, { domain: document, packets: sent });
      assert.deepEqual(
        outcome.quorum,
        chosen.slice(0, 3).map((index) => thumbprintOf(at(index))),
      );
      assert.deepEqual((await ask(module, 'hello', {})).domainKey, (await ask(source, 'hello', {})).domainKey);
    }),
    { numRuns: 5 },
  );
});

test('every wrong packet is refused, named with its place and its custodian', async () => {
  await using module = await provisioned('fresh');
  const transfer = await transferOf(module);
  const packet = (index: number, options: object = {}) => packetOf(at(index), { transfer, document, ...options });
  const good = [packet(0), packet(1), packet(2)];
  const who = (index: number): string => shortFingerprint(thumbprintOf(at(index)));
  await using other = await provisioned('other');
  const otherDomain = await download(other, [0, 1, 2], 2);
  const edited = JSON.parse(JSON.stringify(good[1])) as { statement: string };
  edited.statement = toBase64url(
    Buffer.from(Buffer.from(edited.statement, 'base64url').toString().replace('2026-', '2027-')),
  );
  const successors = { required: 2, thumbprints: [5, 6, 7].map((index) => thumbprintOf(at(index))).sort() };
  const acknowledge = { purpose: 'acknowledge', domain: '_'.repeat(42) + 'w', proof: 'A'.repeat(43) } as const;
  const cases: [packets: unknown, message: RegExp][] = [
    [undefined, /^packets: must be a list/],
    [good.slice(1), /^packets: 3 of 5 custodians are needed, 2 are here/],
    [[], /3 of 5 custodians are needed, 0 are here/],
    [Array.from({ length: 11 }, () => good[0]), /^packets: must be a list of at most 10/],
    [[good[0], good[1], good[1]], new RegExp(`^packets\\[2\\], of the custodian ${who(1)}, is the second`)],
    [[good[0], good[1], packet(5, { share: Buffer.alloc(64) })], new RegExp(`${who(5)}, is of nobody that the domain`)],
    [[good[0], edited, good[2]], /^packets\[1\]: signature: does not verify/],
    [[good[0], good[1], {}], /^packets\[2\]: packet/],
    [[good[0], good[1], 'x'], /^packets\[2\]: packet: is not JSON/],
    [[good[0], good[1], 7], /^packets\[2\]: /],
    [
      [good[0], packet(1, { successors })],
      new RegExp(`^packets\\[1\\].*${who(1)}, was made to reshare, not to recover`),
    ],
    [[good[0], signed(at(1), acknowledge)], /was made to acknowledge, not to recover/],
    [
      [good[0], packetOf(at(1), { transfer, document: otherDomain })],
      new RegExp(`${who(1)}, was made for another sec`),
    ],
    [
      [good[0], packetOf(at(1), { transfer: await transferOf(other), document })],
      new RegExp(`${who(1)}, is encrypted to another transfer key`),
    ],
    // Another's share, signed by a custodian who has none of their own any more.
    [
      [good[0], good[1], packet(2, { share: shareOf(document, at(3)) })],
      new RegExp(`${who(2)}, holds a share that is not`),
    ],
    [
      [good[0], good[1], packet(2, { share: shareOf(otherDomain, at(2)) })],
      new RegExp(`${who(2)}, holds a share that`),
    ],
    [[good[0], good[1], packet(2, { share: Buffer.alloc(0) })], /holds a share that is not the one/],
  ];
  for (const [packets, message] of cases) {
    await assert.rejects(upload(module, { domain: document, packets }), refused(message));
  }
  const dropped = document.replace('"required":3', '"required":2');
  const forDropped = [0, 1].map((index) => packetOf(at(index), { transfer, document: dropped }));
  await assert.rejects(upload(module, { domain: dropped, packets: forDropped }), { code: 'DomainRefused' });
  assert.equal(module.state, 'provisioned');
  // The same transfer key still serves after all that.
  assert.equal((await upload(module, { domain: document, packets: good })).required, 3);
});

test('a blob for another transfer key, edited, mixed or of no known form is refused, and says so', async () => {
  await using module = await provisioned('fresh');
  await using other = await provisioned('other');
  const otherDocument = await download(other, [0, 1, 2], 2);
  const foreign = entriesOf(
    otherDocument,
    [0, 1].map((index) => shareOf(otherDocument, at(index))),
  );
  const transfer = await transferOf(module);
  const [keys, instance] = entries as [(typeof entries)[0], (typeof entries)[0]];
  const flip = ({ tag, plaintext }: (typeof entries)[0], place: number) => {
    const bytes = Buffer.from(plaintext);
    bytes[place] = (bytes[place] as number) ^ 1;
    return { tag, plaintext: bytes };
  };
  const blob = () => restoreBlob(entries, transfer);
  const forged = generateKeyPairSync('ed25519').privateKey;
  const unsigned = {
    tag: keys.tag,
    plaintext: encodeEntry({
      payload: keys.plaintext.subarray(64),
      signature: sign(null, entryToSign(keys.tag, keys.plaintext.subarray(64)), forged),
    }),
  };
  const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'der', type: 'pkcs8' });
  const cases: [value: unknown, message: RegExp][] = [
    ['', /not JSON/],
    ['{', /not JSON/],
    ['null', /EncData is malformed/],
    [{}, /EncData is malformed/],
    [document, /this is the security-domain file itself: make a restore blob/],
    [{ ...blob(), domain: document }, /two forms/],
    [{ domain: 7, packets: [] }, /domain is not the text/],
    [{ domain: '{}', packets: [] }, /not a security domain of version 2/],
    [{ ...blob(), WrappedKey: {} }, /WrappedKey.x5t_256/],
    [restoreBlob(entries, await transferOf(other)), /WrappedKey: is encrypted to another transfer key: fetch/],
    [
      {
        ...blob(),
        WrappedKey: { ...blob().WrappedKey, enc_key: restoreBlob(entries, await transferOf(other)).WrappedKey.enc_key },
      },
      /WrappedKey.enc_key: does not open/,
    ],
    [{ ...blob(), WrappedKey: blob().WrappedKey }, /strongroom_domain_keys does not open/],
    [restoreBlob(entries, transfer, Buffer.alloc(16)), /holds no master key/],
    [restoreBlob([keys], transfer), /no entry strongroom_instance/],
    [restoreBlob([instance], transfer), /no entry strongroom_domain_keys: it is none of ours/],
    [restoreBlob([keys, keys], transfer), /two entries have the same tag/],
    [restoreBlob([...entries, { tag: 'more', plaintext: keys.plaintext }], transfer), /an entry that is none of ours/],
    [restoreBlob([flip(keys, 0), instance], transfer), /strongroom_domain_keys is not signed by the key of the domain/],
    [restoreBlob([flip(keys, 80), instance], transfer), /not signed by the key of the domain/],
    [restoreBlob([keys, flip(instance, 80)], transfer), /strongroom_instance is not signed by the key of the domain/],
    [restoreBlob([unsigned, instance], transfer), /not signed by the key of the domain/],
    [restoreBlob([keys, foreign[1] as (typeof entries)[0]], transfer), /strongroom_instance is not signed/],
    [restoreBlob([foreign[0] as (typeof entries)[0], instance], transfer), /strongroom_instance is not signed/],
    [restoreBlob([{ ...keys, plaintext: instance.plaintext }, instance], transfer), /./],
    [restoreBlob(resigned({ required: 9 }), transfer), /custodians that no ceremony has/],
    [restoreBlob(resigned({ required: 1 }), transfer), /custodians that no ceremony has/],
    [restoreBlob(resigned({ custodians: ['a b', 'c', 'd'] }), transfer), /malformed/],
    [restoreBlob(resigned({ domainKey: 'A'.repeat(43) }), transfer), /of another security domain/],
    [restoreBlob(resigned({}, p256), transfer), /not of P-384/],
    [restoreBlob(resigned({}, Buffer.alloc(90)), transfer), /is no key/],
  ];
  for (const [value, message] of cases) await assert.rejects(upload(module, value), refused(message), String(message));
  assert.equal(module.state, 'provisioned');
  assert.deepEqual(await transferOf(module), transfer);
  await upload(module, blob());
});

test('an active module is not moved to another domain, and a used transfer key is gone', async () => {
  const folder = newFolder();
  await using module = await provisioned('fresh', folder);
  const blob = await blobFor(module);
  const transfer = await transferOf(module);
  await upload(module, blob);
  assert.equal(existsSync(join(folder, 'transfer.sealed')), false);
  await assert.rejects(upload(module, blob), { code: 'WrongState' });
  assert.notDeepEqual(await transferOf(module), transfer);
  // A partition that has not heard of it yet finds out before it does anything.
  const late = newFolder();
  await using first = await provisioned('late', late);
  await using second = openModule(late);
  await upload(first, await blobFor(first));
  assert.equal(second.state, 'provisioned');
  await assert.rejects(upload(second, blob), { code: 'WrongState' });
});

test('all partitions show one transfer key, also when asked at once', async () => {
  const folder = newFolder();
  await using first = await provisioned('fresh', folder);
  await using second = openModule(folder);
  const shown = await Promise.all([first, second, first, second].map(transferOf));
  for (const certificate of shown) assert.deepEqual(certificate, shown[0]);
  const certificate = new X509Certificate(shown[0] as Buffer);
  assert.equal(certificate.publicKey.asymmetricKeyDetails?.modulusLength, 3072);
  assert.match(certificate.subject, /CN=dev/);
  assert.ok(certificate.verify(certificate.publicKey));
  const bytes = readFileSync(join(folder, 'transfer.sealed'));
  const spki = certificate.publicKey.export({ format: 'der', type: 'spki' });
  assert.equal(bytes.includes(spki.subarray(40, 80)), false, 'sealed');
});

test('arbitrary texts and arbitrary JSON are refused, never more', async () => {
  await using module = await provisioned('fresh');
  await transferOf(module);
  await fc.assert(
    fc.asyncProperty(fc.oneof(fc.string(), fc.json(), mutilated()), async (text) => {
      await assert.rejects(upload(module, text), { code: 'DomainRefused' });
    }),
    { numRuns: 300 },
  );
});

/** A document of the right form with some member replaced by anything. */
function mutilated(): fc.Arbitrary<string> {
  const paths = [['EncData'], ['EncData', 'data'], ['EncData', 'kdf'], ['WrappedKey'], ['WrappedKey', 'enc_key']];
  return fc.record({ path: fc.constantFrom(...paths), value: fc.jsonValue() }).map(({ path, value }) => {
    const whole = {
      EncData: { data: [], kdf: 'sp108_kdf' },
      WrappedKey: { enc_key: 'a.b.c.d.e', x5t_256: 'A'.repeat(43) },
    } as Record<string, unknown>;
    const holder = path.length === 1 ? whole : (whole[path[0] as string] as Record<string, unknown>);
    holder[path.at(-1) as string] = value;
    return JSON.stringify(whole);
  });
}
