import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AuthorisedCall } from '../../http/call.ts';
import { StoreError } from '../../store/port.ts';
import type { Commit } from '../../store/sealed/records.ts';
import { type CallerParts, committing } from './caller.ts';

/** @param planned the grant that is found while the plan is made @param fails what becomes of the commit afterwards */
async function commitWith(planned: string | undefined, fails?: Error) {
  let found: string | undefined = 'before';
  const records = { head: { sequence: 7, hash: 'h' } };
  const roles = {
    isAllowed: () => found && { grant: found },
    isWithheld: () => false,
  } as unknown as CallerParts['roles'];
  const call = {
    row: { dataAction: 'a', scope: 'root' },
    params: {},
    principal: { oid: 'o' },
    grant: 'before',
    grantedAt: 6,
  } as unknown as AuthorisedCall;
  const commit: Commit = async (plan) => {
    found = planned;
    plan();
    if (fails !== undefined) throw fails;
    return records.head;
  };
  const outcome = await committing(call, { roles, records, commit })(() => []).catch((error: unknown) => error);
  return { outcome, grant: call.grant, grantedAt: call.grantedAt };
}

test('the right on record is the one on the state that was committed to', async () => {
  assert.deepEqual(await commitWith('tried'), { outcome: { sequence: 7, hash: 'h' }, grant: 'tried', grantedAt: 7 });
  const refused = await commitWith(undefined);
  assert.deepEqual([(refused.outcome as Error & { code: string }).code, refused.grant], ['AccessDenied', undefined]);
});

test('a right, or a refusal, of a state that could not be made durable leaves nothing behind', async () => {
  const fails = new StoreError('Unavailable', 'the disk is full');
  assert.deepEqual(await commitWith('tried', fails), { outcome: fails, grant: 'before', grantedAt: 6 });
});
