import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { CommandError } from './command.ts';
import { readSecret } from './read-secret.ts';

const folder = mkdtempSync(join(tmpdir(), 'strongroom-secret-'));
after(() => rmSync(folder, { recursive: true }));

test('a secret in a file that others can read, or the group can write, is refused with the way out', () => {
  const path = join(folder, 'secret');
  writeFileSync(path, 'a secret');
  for (const mode of [0o600, 0o400, 0o640]) {
    chmodSync(path, mode);
    assert.equal(readSecret(path).toString(), 'a secret');
  }
  for (const mode of [0o644, 0o604, 0o602, 0o601, 0o660, 0o777]) {
    chmodSync(path, mode);
    assert.throws(
      () => readSecret(path),
      (error) =>
        error instanceof CommandError &&
        error.message.includes(`open to others (mode ${mode.toString(8)}): chmod 600`) &&
        !error.message.includes('a secret:'),
      mode.toString(8),
    );
  }
});

test('a file that is not there is said to be unreadable', () => {
  assert.throws(() => readSecret(join(folder, 'none')), /none cannot be read: it is not there$/);
});
