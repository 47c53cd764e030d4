import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CustodianEntry, Register } from '../../../tools/ceremony/hsm.ts';
import { nameOf, namingHint } from './read-register.ts';

function entry(letter: string, more: Partial<CustodianEntry> = {}): CustodianEntry {
  const fingerprint = letter.repeat(64);
  const custodian = Buffer.from(fingerprint, 'hex').toString('base64url');
  return { custodian, fingerprint, state: 'notProven', share: 1, since: '2026-06-01T00:00:00.000Z', ...more };
}

function register(...value: readonly CustodianEntry[]): Register {
  return { domain: null, domainFingerprint: '0'.repeat(64), warnings: [], value };
}

test('who has no name yet is known by the fingerprint, and gets one by a command for this instance', () => {
  const unnamed = entry('a');
  assert.equal(nameOf(unnamed), 'the one with the fingerprint aaaa aaaa aaaa aaaa …');
  assert.equal(nameOf(entry('b', { subject: 'Boris' })), 'Boris');
  const hint = namingHint(register(unnamed, entry('b', { subject: 'Boris' })), ' --hsm-name west');
  assert.match(hint, /^1 of them has no name yet: .*'\.\/strongroom custodian submit PACKET --hsm-name west'/);
  assert.ok(hint.endsWith('\n  ./strongroom custodian name aaaaaaaaaaaaaaaa --name NAME --hsm-name west\n'), hint);
});

test('nothing is said where all have a name, or have left', () => {
  assert.equal(namingHint(register(entry('a', { name: 'Anna' }), entry('b', { left: '2026-06-02' })), ''), '');
});
