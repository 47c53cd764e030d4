import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeCustodians, type TestCustodian } from '../../../test/support/custodians.ts';
import { feeding } from '../../store/sealed/follow-records.ts';
import { planSplit } from './follow-split.ts';
import { type Holder, holderKind } from './holder.ts';
import { marginOf, stateOf } from './recovery-margin.ts';
import { CustodianRegister } from './register.ts';
import { splitKind } from './split.ts';

const [A, B, C, D] = ['a', 'b', 'c', 'd'].map((letter) => letter.repeat(43)) as [string, string, string, string];
const DAY = 86_400;
const NOW = Date.parse('2026-06-01T00:00:00Z') / 1000;

function at(days: number): string {
  return new Date((NOW + days * DAY) * 1000).toISOString();
}

function follow(register: CustodianRegister, thumbprints: readonly string[], days: number, required = 2): void {
  for (const change of planSplit(register, { by: 'download', required, thumbprints }, at(days)))
    feeding(register.follows)(change);
}

function say(register: CustodianRegister, custodian: string, more: Partial<Holder>): void {
  const holder = register.get(custodian);
  assert.ok(holder !== undefined);
  feeding(register.follows)(holderKind.put(custodian, { ...holder, ...more }));
}

test('who stays keeps their beginning and their name; who is new begins; who is not there any more has left', () => {
  const register = new CustodianRegister();
  follow(register, [A, B, C], 0);
  say(register, B, { name: 'Boris', proven: { domain: D, at: at(1) }, leaving: { at: at(2) } });
  follow(register, [B, C, D], 10);
  assert.deepEqual(register.get(A), { since: at(0), share: 1, left: at(10) });
  // Of another set of people: their share of before is to be destroyed, and counts for nothing.
  assert.deepEqual(register.get(B), { since: at(0), share: 1, name: 'Boris' });
  assert.deepEqual(register.get(D), { since: at(10), share: 3 });
  // Taken in again after a time without a share.
  follow(register, [A, B, C], 20);
  assert.deepEqual(register.get(A), { since: at(20), share: 1 });
  assert.equal(register.get(D)?.left, at(20));
  assert.deepEqual(
    register.list().map(([custodian]) => custodian),
    [A, B, C, D],
  );
});

test('of a recovered domain those have a name who have shown their certificate', async () => {
  const [anna, boris] = (await makeCustodians('Anna', 'Boris')) as [TestCustodian, TestCustodian];
  const register = new CustodianRegister();
  const shown = new Map([[anna.thumbprint, anna.certificate]]);
  const split = { by: 'recovery', required: 2, thumbprints: [anna.thumbprint, boris.thumbprint], shown } as const;
  for (const change of planSplit(register, split, at(0))) feeding(register.follows)(change);
  assert.deepEqual(
    register.list().map(([, { subject }]) => subject),
    ['Anna', undefined],
  );
});

test('the same people in another order keep their proofs; another quorum is another set', () => {
  const register = new CustodianRegister();
  follow(register, [A, B, C], 0);
  say(register, A, { proven: { domain: D, at: at(1) }, answered: at(1) });
  follow(register, [C, B, A], 5);
  assert.equal(register.get(A)?.proven?.domain, D);
  assert.equal(register.get(A)?.share, 3);
  follow(register, [C, B, A], 6, 3);
  assert.equal(register.get(A)?.proven, undefined);
});

test('a file that the HSM has not seen leaves everyone unproven, and says so', () => {
  const register = new CustodianRegister();
  assert.equal(marginOf(register, NOW), undefined);
  follow(register, [A, B, C], 0);
  const reach = marginOf(register, NOW);
  assert.equal(reach?.margin, -2);
  assert.match(reach?.warnings.join() ?? '', /has not seen the domain file/);
});

test('each state is what the record says, the gravest first', () => {
  const proven = { domain: D, at: at(0) };
  const holder = { since: at(0), share: 1 };
  const heard = { ...holder, proven, answered: at(0) };
  const after = NOW + DAY;
  assert.equal(stateOf(holder, D, after), 'notProven');
  assert.equal(stateOf(heard, D, after), 'proven');
  assert.equal(stateOf(heard, A, after), 'provenEarlier');
  assert.equal(stateOf(heard, D, NOW + 365 * DAY), 'proven');
  assert.equal(stateOf(heard, D, NOW + 365 * DAY + 1), 'silent');
  assert.equal(stateOf({ ...heard, handover: { at: at(1), to: B } }, D, after), 'handingOver');
  assert.equal(stateOf({ ...heard, leaving: { at: at(1) } }, D, after), 'leaving');
  assert.equal(stateOf({ ...heard, leaving: { at: at(1) }, left: at(2) }, D, after), 'left');
});

test('a damaged record stops the start', () => {
  for (const text of ['', '{}', '{"since":1}', '{"since":"x","share":11}', '{"since":"x","share":1,"more":1}']) {
    const change = { name: `custodians/${A}`, value: Buffer.from(text) };
    assert.throws(() => feeding(new CustodianRegister().follows)(change), /does not read/);
  }
  assert.throws(() => splitKind.read('', Buffer.from('{"required":2}')), /does not read/);
});
