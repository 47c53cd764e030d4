import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import type { CryptoClient } from '../../crypto/client/crypto-client.ts';
import { CryptoError } from '../../crypto/protocol/messages.ts';
import { openMemoryStore } from '../../store/memory/memory-store.fixture.ts';
import { inTestSealer } from '../../store/sealed/in-test-sealer.fixture.ts';
import { openRecords } from '../../store/sealed/open-records.ts';
import type { Commit, Records } from '../../store/sealed/records.ts';
import { type Activation, openActivation, securityDomainKind } from './activation.ts';
import { askCompletion, type Completing } from './complete-ceremony.ts';
import { begin, NO_LONGER_BEGUN } from './pending-ceremony.ts';

const NOW = Date.parse('2026-06-01T00:00:00Z') / 1000;
const AT = '2026-06-01T00:00:00.000Z';
const [ANNA, BORIS, CLARA] = ['a', 'b', 'c'].map((letter) => letter.repeat(43)) as [string, string, string];
const commit: Commit = (plan) => records.update(plan);
const caller = { principal: { oid: 'olga' }, commit };
/** What a partition that is lost after it has done its work looks like. */
const lost = (): Promise<never> => Promise.reject(new CryptoError('PartitionLost', 'gone'));

let records: Records;
let activation: Activation;
let module: { required: number; thumbprints: readonly string[] };
let splits: string[];
let completing: Completing;
beforeEach(async () => {
  module = { required: 2, thumbprints: [ANNA, BORIS] };
  splits = [];
  const crypto = { hello: { state: 'active' }, send: async () => module } as unknown as CryptoClient;
  activation = openActivation(crypto, () => undefined, assert.ifError);
  const store = openMemoryStore();
  const apply = activation.apply;
  records = await openRecords({ store, sealer: inTestSealer(), apply, newestHeadInLog: 0, headSeenByModule: 0 });
  completing = { crypto, activation, relatedWrites: { split: ({ by }) => (splits.push(by), []) } };
});

async function begun(...[what, ceremony]: [Parameters<typeof begin>[2], () => Promise<unknown>]): Promise<void> {
  await begin({ settle: commit, now: () => NOW }, caller, what, ceremony).catch(() => undefined);
}

async function complete(): Promise<unknown> {
  const plan = await askCompletion(completing);
  await records.update(() => plan().changes);
  return activation.latest();
}

test('a recovery that nobody recorded is of whoever began it', async () => {
  await begun({ kind: 'recovery' }, lost);
  assert.deepEqual((await askCompletion(completing))().begun, { kind: 'recovery', by: 'olga', at: AT });
  assert.deepEqual(await complete(), { ...module, uploadedAt: AT, uploadedBy: 'olga' });
  assert.equal(activation.begun(), undefined);
  assert.deepEqual((await askCompletion(completing))().changes, []);
});

test('a first download whose file was lost is no recovery, and none that was finished', async () => {
  await begun({ kind: 'download', custody: module }, lost);
  splits = [];
  assert.deepEqual(await complete(), module);
  assert.deepEqual(splits, ['download']);
});

test('a re-sharing is of whoever asked for these very people, in any order, and of nobody else', async () => {
  await records.update(() => [securityDomainKind.put('', module)]);
  const before = module;
  module = { required: 2, thumbprints: [BORIS, CLARA] };
  await begun({ kind: 'resharing', custody: { required: 2, thumbprints: [CLARA, ANNA] } }, lost);
  assert.equal((await askCompletion(completing))().begun, undefined);
  await begun({ kind: 'resharing', custody: { required: 2, thumbprints: [CLARA, BORIS] } }, lost);
  assert.deepEqual(await complete(), { ...module, replacedAt: AT, replacedBy: 'olga' });
  assert.notDeepEqual(module, before);
});

test('what the module has refused, or the caller may not ask for, is not remembered', async () => {
  await begun({ kind: 'recovery' }, () => Promise.reject(new CryptoError('DomainRefused', 'no')));
  assert.equal(activation.begun(), undefined);
  const revoked = { ...caller, commit: () => assert.fail('revoked') };
  const asked = begin({ settle: commit, now: () => NOW }, revoked, { kind: 'recovery' }, () =>
    assert.fail('was asked'),
  );
  await assert.rejects(asked, /revoked/);
  assert.equal(activation.begun(), undefined);
});

test('a ceremony that was recorded was not only begun', async () => {
  await begin({ settle: commit, now: () => NOW }, caller, { kind: 'recovery' }, async () => undefined);
  assert.equal(activation.begun()?.by, 'olga');
  await records.update(() => [NO_LONGER_BEGUN]);
  assert.equal(activation.begun(), undefined);
});
