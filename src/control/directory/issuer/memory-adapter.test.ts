import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MAX_ENTRIES, openMemories } from './memory-adapter.ts';

test('sign-ins that are begun, however many, take nothing of what people who have signed in have', async () => {
  const adapterOf = openMemories(() => 0);
  const refreshTokens = adapterOf('RefreshToken');
  await refreshTokens.upsert('first', { accountId: 'alice' }, 60);
  for (const model of ['DeviceCode', 'Interaction']) {
    const adapter = adapterOf(model);
    for (let n = 0; n <= MAX_ENTRIES; n++) await adapter.upsert(String(n), {}, 60);
    assert.equal(await adapter.find('0'), undefined, 'there is an end to them');
  }
  assert.deepEqual(await refreshTokens.find('first'), { accountId: 'alice' });
});
