// What an instance is not started with.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { InstanceConfig } from '../deployment/instance.ts';
import { InstancePolicy } from '../features/settings/instance-policy.ts';
import type { AuditLog } from '../links/recorder/audit-log.ts';
import { feeding } from '../store/sealed/follow-records.ts';
import type { Records } from '../store/sealed/records.ts';
import { makeInstancePolicy } from './first-start.ts';

const ALICE = 'aaaaaaaa-0000-4000-8000-000000000001';
const BOB = 'aaaaaaaa-0000-4000-8000-000000000002';

interface Started {
  readonly profile: InstanceConfig['profile'];
  readonly separation?: InstanceConfig['separation'];
  readonly initialAdministrators: readonly string[];
  readonly issuers?: readonly object[];
}

/** The mode that was promised. */
async function start(config: Started, instancePolicy = new InstancePolicy()): Promise<string> {
  const records = {
    head: { sequence: 1, hash: 'h' },
    async update(plan: Parameters<Records['update']>[0]) {
      for (const change of plan()) feeding(instancePolicy.follows)(change);
      return { sequence: 1, hash: 'h', entries: 0 };
    },
  };
  const whole = { name: 'test', purgeProtection: false, softDeleteRetentionInDays: 7, issuers: [], ...config };
  const log = { records: records as unknown as Records, audit: {} as AuditLog };
  await makeInstancePolicy({ ...log, config: whole as unknown as InstanceConfig }, instancePolicy);
  return instancePolicy.current.separation;
}

test('a production instance is not started with one administrator alone, as nobody could ever approve anything', async () => {
  const lone = /name at least two people in 'initialAdministrators', or set 'separation' to 'azure'/;
  const profile = 'production';
  for (const initialAdministrators of [[ALICE], [ALICE, ALICE.toUpperCase()]]) {
    await assert.rejects(start({ profile, initialAdministrators }), lone);
    await assert.rejects(start({ profile, separation: 'strict', initialAdministrators }), lone);
    assert.equal(await start({ profile, separation: 'azure', initialAdministrators }), 'azure');
    assert.equal(await start({ profile: 'dev', separation: 'strict', initialAdministrators }), 'strict');
  }
  assert.equal(await start({ profile, initialAdministrators: [ALICE, BOB] }), 'strict');
});

test('one that was started before is, whoever its file names now', async () => {
  const instancePolicy = new InstancePolicy();
  const profile = 'production';
  await start({ profile, initialAdministrators: [ALICE, BOB] }, instancePolicy);
  assert.equal(await start({ profile, initialAdministrators: [ALICE] }, instancePolicy), 'strict');
});

test('nor one that is strict, or would be, with an issuer that does not tell people from programs', async () => {
  const initialAdministrators = [ALICE, BOB];
  const own = { issuers: ['https://id.example/'], audiences: ['hsm'], discovery: 'https://id.example/d' };
  const unmarked = [{ ...own, claims: { objectId: 'sub', ids: 'derived' } }];
  const marked = [{ ...own, claims: { objectId: 'sub', ids: 'derived', personMark: null } }];
  const unknown = /^Error: instance 'test': issuers\[0\]\.claims\.personMark is missing/;
  const dev = { profile: 'dev', initialAdministrators } as const;
  await assert.rejects(start({ profile: 'production', initialAdministrators, issuers: unmarked }), unknown);
  await assert.rejects(start({ ...dev, separation: 'strict', issuers: unmarked }), unknown);
  assert.equal(await start({ ...dev, issuers: unmarked }), 'azure');
  const instancePolicy = new InstancePolicy();
  assert.equal(await start({ ...dev, separation: 'strict', issuers: marked }, instancePolicy), 'strict');
  await assert.rejects(start({ ...dev, issuers: unmarked }, instancePolicy), unknown);
});
