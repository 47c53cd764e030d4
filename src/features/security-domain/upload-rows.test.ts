// What the poll of uploads says while a ceremony is under way: nobody can hold one up from outside, so the row is asked by itself.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ServiceError } from '../../http/service-error.ts';
import { type Activation, openActivation } from './activation.ts';
import { pendingCeremonyKind } from './pending-ceremony.ts';
import type { SecurityDomainService } from './service.ts';
import { uploadRows } from './upload-rows.ts';

test('the poll waits while a ceremony is under way, and ends when the HSM is active', async () => {
  const crypto = { hello: { state: 'empty' } };
  const activation = openActivation(
    crypto as unknown as SecurityDomainService['crypto'],
    () => undefined,
    () => assert.fail('nothing is learned of other workers'),
  );
  await assert.rejects(poll(activation), (error) => error instanceof ServiceError && error.code === 'NotFound');
  activation.apply(pendingCeremonyKind.put('', { kind: 'download', by: 'a', at: '2026-11-27T00:00:00.000Z' }));
  assert.deepEqual(await poll(activation), {
    status: 200,
    body: { status: 'InProgress', status_details: 'The Security Domain is being confirmed.' },
  });
  crypto.hello.state = 'active';
  assert.deepEqual(await poll(activation), {
    status: 200,
    body: { status: 'Success', status_details: 'The resource is active.' },
  });
});

async function poll(activation: Activation): Promise<unknown> {
  const row = uploadRows({ activation } as SecurityDomainService).find(({ path }) => path.endsWith('/upload/pending'));
  const answer = await row?.handle({ spelledOrigin: 'https://hsm', apiVersion: '7.5' } as never);
  return { status: answer?.status, body: answer?.body };
}
