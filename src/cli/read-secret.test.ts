import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
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

test('a link is not followed, whoever made it: another secret could be behind it', () => {
  const shared = join(folder, 'shared');
  mkdirSync(shared);
  chmodSync(shared, 0o777);
  const other = join(folder, 'other');
  writeFileSync(other, 'another secret', { mode: 0o600 });
  symlinkSync(other, join(shared, 'secret'));
  assert.throws(() => readSecret(join(shared, 'secret')), {
    name: 'CommandError',
    message: `${join(shared, 'secret')} cannot be read: it is a link, or has too many on its way; name the file itself`,
  });
});

test('a file of another user is refused, also one that their common group reads', {
  skip: process.geteuid?.() !== 0 && 'only root gives files away',
}, () => {
  const path = join(folder, 'given');
  writeFileSync(path, 'a secret', { mode: 0o640 });
  chmodSync(path, 0o640);
  chownSync(path, 12345, 0);
  assert.throws(() => readSecret(path), {
    name: 'CommandError',
    message: `${path} holds a secret and belongs to another user (12345), who could put another there: chown 0 '${path}'`,
  });
  // What root gives out, others take.
  const outer = mkdtempSync(join(tmpdir(), 'strongroom-given-'));
  try {
    chmodSync(outer, 0o755);
    const handed = join(outer, 'handed');
    writeFileSync(handed, 'a secret', { mode: 0o640 });
    chownSync(handed, 0, 54321);
    chmodSync(handed, 0o640);
    process.setegid?.(54321);
    process.seteuid?.(12345);
    assert.equal(readSecret(handed).toString(), 'a secret');
  } finally {
    process.seteuid?.(0);
    process.setegid?.(0);
    rmSync(outer, { recursive: true });
  }
});

test('what a shell hands over is read: a pipe, and a file as the input, which is judged as one', () => {
  const path = join(folder, 'input');
  writeFileSync(path, 'a secret', { mode: 0o600 });
  const script = `import { readSecret } from '${new URL('./read-secret.ts', import.meta.url).href}'; process.stdout.write(readSecret(process.argv[1]))`;
  const read = (from: string, stdin: number | 'pipe') =>
    spawnSync(process.execPath, ['--input-type=module-typescript', '--eval', script, from], {
      stdio: [stdin, 'pipe', 'pipe'],
      encoding: 'utf8',
      ...(stdin === 'pipe' ? { input: 'from a pipe' } : {}),
    });
  const reading = (mode: number, from: string): string => {
    chmodSync(path, mode);
    const input = openSync(path, 'r');
    try {
      const { stdout, stderr } = read(from, input);
      return stdout || stderr;
    } finally {
      closeSync(input);
    }
  };
  for (const from of ['/dev/stdin', '/dev/fd/0', '/proc/self/fd/0']) {
    assert.equal(reading(0o600, from), 'a secret', from);
    assert.match(reading(0o644, from), /is open to others \(mode 644\)/, from);
  }
  const substituted = spawnSync(
    'bash',
    ['-c', `exec "$0" --input-type=module-typescript --eval "$1" <(printf piped)`, process.execPath, script],
    { encoding: 'utf8' },
  );
  assert.equal(substituted.stdout, 'piped', substituted.stderr);
});
