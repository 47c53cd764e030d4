import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CommandError } from '../command.ts';
import type { BackupAtHand } from './inputs.ts';
import { openRecoveryInstance } from './recover.ts';

test('a container without TLS is refused before anything is made, for a token would be seen on the way', async () => {
  const backup = { place: { target: { uri: 'http://127.0.0.1:10000/account/container' } } } as BackupAtHand;
  await assert.rejects(
    openRecoveryInstance(backup, '11111111-2222-4333-8444-555555555555', false),
    (error) =>
      error instanceof CommandError && /containers over https only, not http:\/\/127\.0\.0\.1/.test(error.message),
  );
});
