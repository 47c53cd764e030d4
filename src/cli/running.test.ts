import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { requireRunning } from './running.ts';

test('that a data directory cannot be read is not taken for nothing running there', () => {
  const root = mkdtempSync(join(tmpdir(), 'strongroom-unreadable-'));
  const self = process.geteuid?.() ?? 0;
  try {
    assert.throws(() => requireRunning(root), /no strongroom serves from .*'npm start -- --data /);
    const file = join(root, 'production.json');
    writeFileSync(file, '{}');
    assert.throws(
      () => requireRunning(root),
      /start one with '\.\/strongroom start --profile production --config FILE --data [^']+', or/,
    );
    rmSync(file);
    chmodSync(root, 0);
    // Nothing is unreadable to root.
    if (self === 0) process.seteuid?.(65_534);
    assert.throws(() => requireRunning(root), /cannot be read by this user/);
  } finally {
    if (self === 0) process.seteuid?.(0);
    rmSync(root, { recursive: true });
  }
});
