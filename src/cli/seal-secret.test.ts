import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CryptoError } from '../crypto/protocol/messages.ts';
import { CommandError } from './command.ts';
import { explainPassphrase } from './seal-secret.ts';

test('a secret that does not open the seal is a wrong passphrase; everything else stays what it is', () => {
  const told = explainPassphrase(
    new CryptoError('SealRefused', 'the secret does not open the seal'),
    'the seal is as it was',
  );
  assert.ok(told instanceof CommandError);
  assert.match(told.message, /^the seal is as it was: wrong passphrase\. Try it again; /);
  for (const other of [new CryptoError('Busy', 'another attempt to unlock is under way'), new Error('x'), 'x']) {
    assert.equal(explainPassphrase(other, 'the seal is as it was'), other);
  }
});
