import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { places } from '../deployment/data-layout.ts';
import { CommandError } from './command.ts';
import { instanceFolder } from './instance-folder.ts';

test('an instance is found by its name in any spelling, and by nothing else', () => {
  const root = mkdtempSync(join(tmpdir(), 'strongroom-folder-'));
  try {
    const { config } = places(root).instance('new-hsm');
    mkdirSync(dirname(config), { recursive: true });
    writeFileSync(config, '{}');
    for (const name of ['new-hsm', 'New-Hsm']) assert.equal(instanceFolder(root, name).name, 'new-hsm');
    for (const name of ['new', '../instances/new-hsm', '']) {
      assert.throws(() => instanceFolder(root, name), CommandError, name);
    }
  } finally {
    rmSync(root, { recursive: true });
  }
});
