import assert from 'node:assert/strict';
import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { makeStatement } from '../module/sign-note.ts';
import { domainFingerprint } from './domain-identity.ts';
import { groupFingerprint } from './fingerprint.ts';
import { DOMAIN_KEYS_TAG, entryToSign, INSTANCE_TAG } from './security-domain.ts';
import { STATEMENT_KINDS, type StatementKind, statementText } from './statement.ts';
import { verifyStatement } from './verify-statement.ts';

interface Domain {
  readonly raw: Buffer;
  readonly privateKey: KeyObject;
}

function newDomain(): Domain {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  return { raw: publicKey.export({ format: 'der', type: 'spki' }).subarray(-32), privateKey };
}

function state({ raw, privateKey }: Domain, kind: StatementKind, body: Uint8Array): string {
  return makeStatement(kind, body, raw, (text) => sign(null, text, privateKey));
}

test('a statement verifies for its kind, document and domain, whatever the document holds', () => {
  const domain = newDomain();
  fc.assert(
    fc.property(fc.constantFrom(...STATEMENT_KINDS), fc.uint8Array({ maxLength: 300 }), (kind, body) => {
      verifyStatement(state(domain, kind, body), kind, body, domain.raw);
    }),
  );
});

test('a statement about anything else is refused, and the refusal says what differs', () => {
  const domain = newDomain();
  const other = newDomain();
  const body = Buffer.from('the manifest');
  const note = state(domain, 'backup-manifest', body);
  assert.throws(() => verifyStatement(note, 'rehearsal', body, domain.raw), /not of the kind rehearsal/);
  assert.throws(() => verifyStatement(note, 'backup-manifest', body, other.raw), /another security domain/);
  const edited = Buffer.from('the manifesto');
  assert.throws(() => verifyStatement(note, 'backup-manifest', edited, domain.raw), /another document/);
  const forged = makeStatement('backup-manifest', body, domain.raw, (text) => sign(null, text, other.privateKey));
  assert.throws(() => verifyStatement(forged, 'backup-manifest', body, domain.raw), /signature/);
  assert.throws(() => verifyStatement('strongroom', 'backup-manifest', body, domain.raw), { name: 'NoteError' });
});

test('no single character of a statement may change', () => {
  const domain = newDomain();
  const body = Buffer.from('x');
  const note = state(domain, 'ceremony', body);
  fc.assert(
    fc.property(fc.nat({ max: note.length - 1 }), fc.constantFrom('A', '0', '\n', ' '), (at, character) => {
      fc.pre(note[at] !== character);
      const edited = note.slice(0, at) + character + note.slice(at + 1);
      assert.throws(() => verifyStatement(edited, 'ceremony', body, domain.raw));
    }),
  );
});

test('nothing that the domain key states is an entry of a security-domain file, or a statement of another kind', () => {
  const title = (text: string): string => text.slice(0, text.indexOf('\n') + 1);
  const fingerprint = '0'.repeat(64);
  const titles = STATEMENT_KINDS.map((kind) => title(statementText(kind, fingerprint, Buffer.alloc(0))));
  const entries = [DOMAIN_KEYS_TAG, INSTANCE_TAG].map((tag) => title(entryToSign(tag, Buffer.alloc(0)).toString()));
  assert.equal(new Set(titles).size, STATEMENT_KINDS.length);
  // The first line tells them apart, and no body can reach into it: it is a hash by then.
  for (const first of titles) assert.ok(!entries.includes(first), first);
  for (const kind of STATEMENT_KINDS) assert.match(kind, /^[a-z]+(-[a-z]+)*$/);
});

test('a fingerprint is read in groups of four', () => {
  assert.match(groupFingerprint(domainFingerprint(newDomain().raw)), /^([0-9a-f]{4} ){15}[0-9a-f]{4}$/);
});
