import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CryptoError } from '../crypto/protocol/messages.ts';
import { AuditError } from '../links/recorder/audit-log.ts';
import { translateError } from './translate-error.ts';

test('a client is told to try again only where that does no harm', () => {
  for (const error of [new CryptoError('PartitionLost', 'gone'), new AuditError('disk full')]) {
    const told = (repeatable: boolean): string => translateError(error, () => undefined, repeatable).message;
    assert.match(told(true), /; try again$/);
    assert.match(told(false), /may have been done/);
    assert.equal(translateError(error, () => undefined, false).status, 503);
  }
});

test('what went wrong inside is reported and not told', () => {
  const reported: unknown[] = [];
  const error = new Error('the inner text');
  const refusal = translateError(error, (hidden) => reported.push(hidden), true);
  assert.deepEqual([refusal.status, reported], [500, [error]]);
  assert.ok(!refusal.message.includes('inner'));
});
