// What is said of a packet or a certificate that does not help: whose it is, what differs, and the way out.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { digestOf, makeCustodians, type TestCustodian } from '../../../../test/support/custodians.ts';
import { Ceremony } from '../ceremony.ts';
import { proceed } from '../engine.ts';
import type { Step } from '../step.ts';
import { certificates } from './certificates.ts';
import { domainFile, PRESENTED_FILE, upload } from './domain.ts';
import { acknowledge, gather } from './packets.ts';

const root = mkdtempSync(join(tmpdir(), 'strongroom-packets-'));
after(() => rmSync(root, { recursive: true }));
const hand = { who: 'olga', now: () => new Date('2026-01-31T12:00:00Z') };
const RECIPIENT = 'A'.repeat(43);
const OTHER = `${'B'.repeat(42)}A`;
const recover = gather('recover');
let anna: TestCustodian;
let boris: TestCustodian;
let document: string;
/** As the HSM answers with it, here to every question. */
let register: Readonly<Record<string, unknown>>;

before(async () => {
  const people = await makeCustodians('Anna', 'Boris', 'Clara');
  [anna, boris] = people as [TestCustodian, TestCustodian];
  document = JSON.stringify({
    EncData: { data: [{ compact_jwe: 'a.b.c.d.e', tag: 't' }], kdf: 'sp108_kdf' },
    SharedKeys: {
      enc_shares: people.map(({ thumbprint }) => ({
        enc_key: 'a.b.c.d.e',
        x5t_256: thumbprint,
        proof_hash: thumbprint,
      })),
      key_algorithm: 'shamir_share',
      required: 2,
    },
    version: 2,
  });
  const value = people.map(({ thumbprint }, index) => ({
    custodian: thumbprint,
    fingerprint: Buffer.from(thumbprint, 'base64url').toString('hex'),
    state: 'proven',
    share: index + 1,
    since: '2026-01-31T12:00:00Z',
  }));
  register = { domain: null, domainFingerprint: 'ab'.repeat(32), warnings: [], value };
});

async function recovery(name: string): Promise<Ceremony> {
  const ceremony = Ceremony.start(join(root, name), { kind: 'recovery', instance: 'two', address: {} }, hand);
  const file = await ceremony.keep(PRESENTED_FILE, 'input', document);
  const facts = { domain: digestOf(document), quorum: '2', recipient: RECIPIENT };
  ceremony.add({ step: 'domain-file', what: 'file', text: 'domain', file, facts });
  return ceremony;
}

function give(ceremony: Ceremony, step: Step, files: Readonly<Record<string, string>>): Promise<string> {
  const given = Object.entries(files).map(([name, text]) => ({ name, content: Buffer.from(text) }));
  const service = { ask: () => Promise.resolve(register) };
  return proceed(ceremony, step, { files: given, values: [], pause: () => Promise.resolve() }, service);
}

function share(domain: string, recipient: string): string {
  return anna.says({ purpose: 'recover', domain, recipient, share: 'a.b.c.d.e' });
}

test('a packet for another file or another key is refused with both, and with what its custodian needs', async () => {
  using ceremony = await recovery('strange');
  await assert.rejects(give(ceremony, recover, { 'anna.json': share(OTHER, RECIPIENT) }), {
    message: new RegExp(
      String.raw`^anna\.json: is about another domain file \(SHA-256 0410 4104 1041 0410 …\) than the one of this ceremony ` +
        String.raw`\(([0-9a-f]{4} ){4}…\): send its custodian .*/strange/presented-domain\.json, and have the packet made again$`,
    ),
  });
  await assert.rejects(give(ceremony, recover, { 'anna.json': share(digestOf(document), OTHER) }), {
    message:
      /^anna\.json: the share is encrypted to another key \(0410 4104 1041 0410 …\) than this HSM's transfer key \(0000 0000 0000 0000 …\): send its custodian .*\/strange\/transfer-key\.cer, and have the packet made again$/,
  });
});

test('who is here already is told', async () => {
  using ceremony = await recovery('twice');
  const packet = share(digestOf(document), RECIPIENT);
  assert.equal(await give(ceremony, recover, { 'anna.json': packet }), '1 of 2 packets are here');
  assert.equal(
    await give(ceremony, recover, { 'again.json': packet }),
    'again.json: a packet of Anna is here already, and this one is not needed\n1 of 2 packets are here',
  );
  const proof = boris.says({ purpose: 'acknowledge', domain: digestOf(document), proof: RECIPIENT });
  assert.match(
    await give(ceremony, acknowledge(false), { 'boris.json': proof, 'boris-2.json': proof }),
    /^boris-2\.json: a packet of Boris is here already, and this one is not needed\nshares not yet proven: Anna, /,
  );
});

test('who has no packet here is named as the register knows them, and whom nobody knows has a way to a name', async () => {
  using ceremony = await recovery('named');
  const says = (who: TestCustodian): string =>
    who.says({ purpose: 'acknowledge', domain: digestOf(document), proof: RECIPIENT });
  const named = (...names: (string | undefined)[]): object => {
    const holders = register['value'] as readonly { readonly custodian: string }[];
    return { ...register, value: holders.map((each, index) => ({ ...each, name: names[index] })) };
  };
  const unnamed = Buffer.from(boris.thumbprint, 'base64url').toString('hex').slice(0, 8);
  const before = acknowledge(true).instruction(ceremony);
  assert.ok(before.includes(unnamed), before);
  assert.match(before, /'\.\/strongroom custodian name [0-9a-f]{8} --name "NAME"'/);
  // Somebody has written the names down in the HSM: they are here with the next packet.
  const service = { ask: () => Promise.resolve(named('Anna', 'Boris Novak', 'Clara K.')) };
  const given = { files: [{ name: 'a.json', content: Buffer.from(says(anna)) }], values: [], pause: async () => {} };
  const steering = { ask: () => Promise.resolve(named('Anna', 'Boris Novak', 'Clara\u001b[2J')) };
  await assert.rejects(proceed(ceremony, acknowledge(true), given, steering), /did not answer with a register/);
  const said = await proceed(ceremony, acknowledge(true), given, service);
  assert.equal(said, 'shares not yet proven: Boris Novak, Clara K.');
  const later = acknowledge(true).instruction(ceremony);
  assert.match(later, /Missing: Boris Novak, Clara K\.\. /);
  assert.doesNotMatch(later, /custodian name/);
});

test('those who stay out of the quorum are named after the HSM took the domain over, where it knows them', async () => {
  using ceremony = await recovery('outside');
  for (const each of [anna, boris]) {
    const packet = each.says({
      purpose: 'recover',
      domain: digestOf(document),
      recipient: RECIPIENT,
      share: 'a.b.c.d.e',
    });
    await give(ceremony, recover, { 'packet.json': packet });
  }
  const holders = register['value'] as readonly object[];
  const known = {
    ...register,
    value: holders.map((each, index) => ({ ...each, subject: ['Anna', 'Boris', 'Clara K.'][index] })),
  };
  const service = { ask: (method: string) => Promise.resolve(method === 'POST' ? { status: 'Success' } : known) };
  await proceed(ceremony, upload, { files: [], values: [], pause: async () => {} }, service);
  assert.match(acknowledge(true).instruction(ceremony), /Missing: Anna, Boris, Clara K\.\. /);
});

test('of certificates, too; and a private key is called one', async () => {
  using ceremony = Ceremony.start(
    join(root, 'certificates'),
    { kind: 'activation', instance: 'one', custodians: 3, required: 2, address: {} },
    hand,
  );
  const { certificatePem, privateKeyPem } = anna;
  assert.equal(
    await give(ceremony, certificates, { 'anna.cer': certificatePem, 'copy.cer': certificatePem }),
    'copy.cer: is here already, and counts once\n1 of 3 certificates are here',
  );
  await assert.rejects(give(ceremony, certificates, { 'anna.pem': privateKeyPem }), {
    message: /^anna\.pem is a private key: give the certificate \(anna\.cer or the like\), and take this copy away/,
  });
  assert.equal(ceremony.of('certificates', 'file').length, 1);
});

test('files that were cut off on their way are called so', async () => {
  using ceremony = await recovery('cut');
  const packet = share(digestOf(document), RECIPIENT);
  await assert.rejects(give(ceremony, recover, { 'anna.json': packet.slice(0, 300) }), {
    message: 'anna.json: packet: ends early, after 300 bytes: have it sent again',
  });
  await assert.rejects(give(ceremony, domainFile, { 'sd.json': document.slice(0, 150) }), {
    message: 'sd.json: the security-domain file ends early, after 150 bytes: get it again',
  });
  await assert.rejects(give(ceremony, domainFile, { 'sd.json': 'scanned' }), /the security domain is not JSON/);
});
