import assert from 'node:assert/strict';
import {
  constants,
  createHash,
  createPrivateKey,
  type KeyObject,
  randomBytes,
  sign,
  X509Certificate,
} from 'node:crypto';
import { test } from 'node:test';
import { makeCertificate } from '../../test/support/rsa-certificate.ts';
import { makePacket, PACKET_FORMAT, readPacket } from './custodian-packet.ts';
import type { PacketContent } from './custodian-statement.ts';
import { ShapeError } from './shape.ts';

const [anna, boris] = (await Promise.all([makeCertificate(), makeCertificate()])).map(({ key, pem }) => ({
  key: createPrivateKey(key),
  der: new X509Certificate(pem).raw,
})) as [Holder, Holder];
interface Holder {
  readonly key: KeyObject;
  readonly der: Buffer;
}
const at = new Date('2026-03-01T10:00:00.000Z');
const hash = (text: string): string => createHash('sha256').update(text).digest('base64url');
const share = 'aGVhZA.d3JhcA.aXY.Y2lwaGVy.dGFn';
const two = [hash('a'), hash('b')].sort();
const common = { domain: hash('domain') };
const contents: readonly PacketContent[] = [
  { ...common, purpose: 'recover', recipient: hash('hsm'), share },
  { ...common, purpose: 'unlock', recipient: hash('hsm'), share, note: 'at the Zürich vault, 2 witnesses' },
  {
    ...common,
    purpose: 'reshare',
    recipient: hash('hsm'),
    share,
    successors: { required: 2, thumbprints: two },
  },
  { ...common, purpose: 'acknowledge', proof: hash('proof') },
  { ...common, purpose: 'challenge', challenge: hash('challenge') },
  { ...common, purpose: 'handover', note: 'to Carol' },
  { ...common, purpose: 'handover', recipient: hash('carol') },
  { ...common, purpose: 'leave' },
];

/** Signs any statement whatever, as a custodian with a tool of their own could. */
function forge(
  statement: string,
  { key, der }: Holder = anna,
  extra: object = {},
  prefix = `${PACKET_FORMAT}\n`,
): string {
  const signature = sign('sha256', Buffer.from(`${prefix}${statement}`), {
    key,
    padding: constants.RSA_PKCS1_PSS_PADDING,
    saltLength: 32,
  });
  return JSON.stringify({
    format: PACKET_FORMAT,
    statement: Buffer.from(statement).toString('base64url'),
    signature: signature.toString('base64url'),
    certificate: der.toString('base64'),
    ...extra,
  });
}

function statementOf(packet: string): Record<string, unknown> {
  const { statement } = JSON.parse(packet) as { readonly statement: string };
  return JSON.parse(Buffer.from(statement, 'base64url').toString('utf8')) as Record<string, unknown>;
}

const sorted = (value: object): string =>
  JSON.stringify(Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))));

test('what a custodian says comes back as it was said, with who said it and when', () => {
  for (const content of contents) {
    const { statement, certificate } = readPacket(makePacket(content, anna.der, anna.key, at));
    const custodian = createHash('sha256').update(anna.der).digest('base64url');
    assert.deepEqual(statement, { ...content, custodian, at: at.toISOString() });
    assert.ok(certificate.raw.equals(anna.der));
  }
});

test('a key that is not of the certificate signs nothing', () => {
  const [content] = contents as [PacketContent];
  assert.throws(() => makePacket(content, anna.der, boris.key, at), /certificate: belongs to another private key/);
});

test('a packet that would be refused is not written', () => {
  const content: PacketContent = { ...common, purpose: 'leave', note: 'two\nlines' };
  assert.throws(() => makePacket(content, anna.der, anna.key, at), /statement\.note must be at most 500 characters/);
});

test('changing any bit of the statement or of the signature is noticed', () => {
  const packet = JSON.parse(makePacket({ ...common, purpose: 'leave' }, anna.der, anna.key, at)) as Record<
    string,
    string
  >;
  for (const member of ['statement', 'signature']) {
    const bytes = Buffer.from(packet[member] as string, 'base64url');
    for (let index = 0; index < bytes.length; index += 7) {
      const edited = Buffer.from(bytes);
      edited[index] = (edited[index] as number) ^ (1 << (index % 8));
      const text = JSON.stringify({ ...packet, [member]: edited.toString('base64url') });
      assert.throws(() => readPacket(text), ShapeError);
    }
  }
});

test('another certificate, even over the same statement, does not verify', () => {
  const packet = JSON.parse(makePacket({ ...common, purpose: 'leave' }, anna.der, anna.key, at)) as object;
  const text = JSON.stringify({ ...packet, certificate: boris.der.toString('base64') });
  assert.throws(() => readPacket(text), /signature: does not verify/);
});

test('nobody speaks for another: the custodian is the one whose key signed', () => {
  const said = statementOf(makePacket({ ...common, purpose: 'leave' }, anna.der, anna.key, at));
  assert.throws(() => readPacket(forge(JSON.stringify(said), boris)), /statement\.custodian: is not the SHA-256/);
});

test('a signature over the bare statement is not a packet: what the key signs is bound to this format', () => {
  const said = JSON.stringify(statementOf(makePacket({ ...common, purpose: 'leave' }, anna.der, anna.key, at)));
  assert.equal(readPacket(forge(said)).statement.purpose, 'leave');
  assert.throws(() => readPacket(forge(said, anna, {}, '')), /signature: does not verify/);
});

test('a statement says what its purpose needs and nothing else, even when it is signed', () => {
  const needs: Readonly<Record<string, readonly string[]>> = {
    recover: ['recipient', 'share'],
    unlock: ['recipient', 'share'],
    reshare: ['recipient', 'share', 'successors'],
    acknowledge: ['proof'],
    challenge: ['challenge'],
  };
  for (const content of contents) {
    const whole = statementOf(makePacket(content, anna.der, anna.key, at));
    for (const member of ['custodian', 'domain', 'at', 'purpose', ...(needs[content.purpose] ?? [])]) {
      const { [member]: _, ...rest } = whole;
      assert.throws(
        () => readPacket(forge(sorted(rest))),
        new RegExp(`statement\\.${member}`),
        `${content.purpose} ${member}`,
      );
    }
    assert.throws(() => readPacket(forge(sorted({ ...whole, zeal: 1 }))), /statement has the unknown member "zeal"/);
    const { purpose } = content;
    for (const [member, value] of Object.entries({ proof: hash('p'), challenge: hash('c'), share })) {
      if (member in whole) continue;
      const text = forge(sorted({ ...whole, [member]: value }));
      assert.throws(() => readPacket(text), /statement has the unknown member/, `${purpose} with ${member}`);
    }
  }
});

test('members of the wrong form are refused by name', () => {
  const reshare = statementOf(makePacket(contents[2] as PacketContent, anna.der, anna.key, at));
  for (const [member, value, message] of [
    ['domain', 'brief-ly', /statement\.domain must be 32 bytes/],
    ['domain', `${hash('x')}=`, /statement\.domain must be base64url/],
    ['at', '2026-03-01T10:00:00Z', /statement\.at must be an ISO time/],
    ['at', 'yesterday', /statement\.at must be an ISO time/],
    ['share', 'a.b.c', /statement\.share must be a compact JWE/],
    ['share', `${'a'.repeat(9000)}.b.c.d.e`, /statement\.share must be a compact JWE/],
    ['note', 'x'.repeat(501), /statement\.note must be at most 500/],
    ['note', 'to \u202eanna', /statement\.note must be/],
    ['purpose', 'everything', /statement\.purpose must be one of: recover/],
    [
      'successors',
      { required: 2, thumbprints: [...two].reverse() },
      /thumbprints must be two or more thumbprints, sorted/,
    ],
    [
      'successors',
      { required: 2, thumbprints: [two[0], two[0]] },
      /thumbprints must be two or more thumbprints, sorted/,
    ],
    ['successors', { required: 3, thumbprints: two }, /successors\.required is more than there are/],
    ['successors', { required: 1, thumbprints: two }, /successors\.required must be an integer from 2/],
  ] as const) {
    assert.throws(() => readPacket(forge(sorted({ ...reshare, [member]: value }))), message);
  }
});

test('one statement has one form: white space, another order and doubled members are refused', () => {
  const said = statementOf(makePacket({ ...common, purpose: 'leave' }, anna.der, anna.key, at));
  const text = sorted(said);
  for (const other of [
    JSON.stringify(said, null, 1),
    JSON.stringify(Object.fromEntries(Object.entries(said).reverse())),
    text.replace('{', '{"purpose":"recover",'),
  ]) {
    assert.throws(() => readPacket(forge(other)), /statement: is not canonical JSON/);
  }
});

test('what is not a packet is refused with the reason', () => {
  const whole = forge('{}');
  for (const [text, message] of [
    ['', /packet: is not JSON: it is not a custodian packet/],
    [whole.slice(0, -20), /packet: ends early, after \d+ bytes: have it sent again/],
    ['[]', /packet must be an object/],
    ['null', /packet must be an object/],
    [forge('{}', anna, { format: 'strongroom custodian packet 2' }), /packet\.format must be one of/],
    [forge('{}', anna, { more: 1 }), /packet has the unknown member "more"/],
    [forge('{}', anna, { signature: 'a b' }), /packet\.signature must be base64url/],
    [forge('{}', anna, { certificate: Buffer.from('nothing').toString('base64') }), /certificate: is not an X\.509/],
    [forge('{}', anna, { certificate: Buffer.concat([anna.der, Buffer.of(0)]).toString('base64') }), /certificate: /],
    [forge('not json'), /statement: is not JSON/],
    [' '.repeat(65_537), /packet: is longer than 64 KiB/],
  ] as const) {
    assert.throws(
      () => readPacket(text),
      (error) => error instanceof ShapeError && message.test(error.message),
      text.slice(0, 40),
    );
  }
});

test('random bytes in place of any member give a refusal, never a crash', () => {
  const packet = JSON.parse(makePacket({ ...common, purpose: 'leave' }, anna.der, anna.key, at)) as object;
  for (const member of Object.keys(packet)) {
    for (let round = 0; round < 50; round++) {
      const text = JSON.stringify({ ...packet, [member]: randomBytes(round).toString('base64url') });
      assert.throws(() => readPacket(text), ShapeError);
    }
  }
});
