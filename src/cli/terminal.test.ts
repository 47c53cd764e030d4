import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';

const here = import.meta.dirname;

it('shows whatever a command says, and the terminal obeys none of it', () => {
  const { stderr, status } = spawnSync(process.execPath, [join(here, 'main.ts'), 'a\u009b2J\u202eb'], {
    encoding: 'utf8',
  });
  assert.equal(status, 2);
  assert.match(stderr, /unknown command 'a\ufffd2J\ufffdb'/);
});

it('has one way for JSON: no command hands text of its own making to the terminal', () => {
  const others = globSync('**/*.ts', { cwd: here }).filter((file) =>
    /terminal\.out\((?:[^;]*[^\w.])?JSON\.stringify\(/.test(readFileSync(join(here, file), 'utf8')),
  );
  assert.deepEqual(others, []);
});
