import assert from 'node:assert/strict';
import { test } from 'node:test';
import { refuseByInstance } from './arm-keys.ts';

const ID = '5c1c1f3a-9d1c-4f0b-8a55-0f6f5f6b9a10';

test('what an instance refused keeps the id that its log has, apart from the text so that it is told once', () => {
  const refused = (message: string) =>
    refuseByInstance('hsm', { status: 403, json: { error: { code: 'Forbidden', message } } });
  const traced = refused(`No role\nhere (Activity ID: ${ID})`);
  assert.deepEqual(
    [traced.status, traced.code, traced.message, traced.activityId],
    [403, 'Forbidden', 'No role\nhere', ID],
  );
  const plain = refused('No role (Activity ID: none)');
  assert.deepEqual([plain.message, plain.activityId], ['No role (Activity ID: none)', undefined]);
});
