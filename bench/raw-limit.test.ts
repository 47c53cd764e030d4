import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { limitThroughKoffi, type RawOperation, rawLimit } from './raw-limit.ts';

const every: readonly RawOperation[] = [
  'rs256',
  'oaep256',
  'es256',
  'a256gcm',
  'a256kw',
  'rsa-generate',
  'p256-generate',
];

test('every operation has a raw limit, with and without a compiler', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'strongroom-bench-test-'));
  try {
    for (const limit of [await rawLimit(folder), limitThroughKoffi('koffi')]) {
      for (const operation of every) {
        const rate = await limit.measure(operation, 0.01);
        assert.ok(rate > 0 && Number.isFinite(rate), `${limit.method}: ${operation} ${rate}`);
      }
    }
  } finally {
    await rm(folder, { recursive: true });
  }
});
