// The look at a backup before somebody else is asked for it: how long it may take, and what a place that fails is told as.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Principal } from '../../http/principal.ts';
import { ServiceError } from '../../http/service-error.ts';
import { type Approving, requireAgreement } from './start-restore.ts';
import { type BackupStorage, StorageError } from './storage/port.ts';

function agreeing(given: Partial<Approving> = {}): Approving {
  return {
    crypto: { hello: { domainKey: new Uint8Array(32) } } as unknown as Approving['crypto'],
    duties: {
      needsSecond: () => true,
      reasonOf: () => undefined,
      judge: () => assert.fail('nobody is asked for what was not seen'),
      ending: () => [],
    },
    stopping: new AbortController().signal,
    ...given,
  };
}
const asker = {
  principal: { oid: 'a' } as unknown as Principal,
  reason: undefined,
  commit: () => assert.fail('nothing is changed for what was not seen'),
};

/** Silent until the signal ends it. */
const silent = (signal: AbortSignal): Promise<BackupStorage> =>
  new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error));
  });

test('a place that does not answer in time is told as unavailable', async () => {
  const agreed = await requireAgreement('f', asker, silent, agreeing({ lookMs: 1 }));
  assert.equal(agreed.state, 'unreadable');
  assert.equal(agreed.error.code, 'StorageUnavailable');
});

test('a service that stops says so at once', async () => {
  const stop = new AbortController();
  const asking = requireAgreement('f', asker, silent, agreeing({ stopping: stop.signal }));
  stop.abort(new Error('stops'));
  await assert.rejects(asking, (error) => error instanceof ServiceError && error.code === 'ServiceUnavailable');
});

test('what the place says is told as the job would tell it; what nobody can explain is not hidden', async () => {
  const refusing = (error: Error) => async (): Promise<BackupStorage> => Promise.reject(error);
  const gone = await requireAgreement('f', asker, refusing(new StorageError('NotFound', 'x')), agreeing());
  assert.equal(gone.state === 'unreadable' && gone.error.code, 'StorageNotFound');
  await assert.rejects(requireAgreement('f', asker, refusing(new TypeError('bug')), agreeing()), TypeError);
});
