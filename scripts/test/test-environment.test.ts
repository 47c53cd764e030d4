import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { testEnvironment } from './test-environment.ts';

const folder = mkdtempSync(join(tmpdir(), 'test-environment-'));
after(() => rmSync(folder, { recursive: true }));

function programsIn(name: string, ...programs: readonly string[]): string {
  const path = join(folder, name);
  mkdirSync(path, { recursive: true });
  for (const program of programs) {
    writeFileSync(join(path, program), '#!/bin/sh\n');
    chmodSync(join(path, program), 0o755);
  }
  return path;
}

test('installed clients come before the system', async () => {
  const system = programsIn('system', 'az');
  await using environment = await testEnvironment(false, { PATH: system, STRONGROOM_CLIENTS: '/clients', KEPT: 'yes' });
  assert.deepEqual(environment.variables, {
    PATH: `/clients/bin:${system}`,
    STRONGROOM_CLIENTS: '/clients',
    KEPT: 'yes',
  });
});

test('a path without programs has all but what tests can skip without, and is gone afterwards', async () => {
  const one = programsIn('one', 'az', 'openssl', 'sh');
  const two = programsIn('two', 'sh', 'pkcs11-tool', 'cat');
  let bare: string;
  {
    await using environment = await testEnvironment(true, { PATH: `${one}:${folder}/missing:${two}` });
    bare = environment.variables['PATH'] ?? '';
    assert.deepEqual(
      ['sh', 'cat', 'az', 'openssl', 'pkcs11-tool'].map((program) => existsSync(join(bare, program))),
      [true, true, false, false, false],
    );
    assert.equal(existsSync(environment.variables['STRONGROOM_CLIENTS'] ?? ''), false);
  }
  assert.equal(existsSync(bare), false);
});
