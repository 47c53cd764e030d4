import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { calledAs } from './called-as.ts';
import { CHECKOUT } from './checkout.ts';

const folder = mkdtempSync(join(tmpdir(), 'strongroom called-'));
after(() => rmSync(folder, { recursive: true }));
symlinkSync(join(CHECKOUT, 'strongroom'), join(folder, 'strongroom'));

/** The usage line that a wrong call is answered with. */
function usage(call: string, options: { readonly cwd?: string; readonly env?: NodeJS.ProcessEnv } = {}): string {
  const { stderr } = spawnSync(call, ['audit', 'show', '--nothing'], {
    encoding: 'utf8',
    cwd: options.cwd ?? CHECKOUT,
    env: { ...process.env, npm_lifecycle_event: 'test', ...options.env },
  });
  return /^Usage: (.*) audit show \[OPTIONS\]$/m.exec(stderr)?.[1] ?? stderr;
}

test('usage shows the program as it was called', () => {
  const PATH = `${folder}:${process.env['PATH']}`;
  assert.equal(usage('./strongroom', { cwd: folder }), './strongroom');
  assert.equal(usage('strongroom', { env: { PATH } }), 'strongroom');
  const linked = join(folder, 'strongroom');
  for (const [environment, call] of [
    [{ STRONGROOM_CALLED: '../../strongroom', PATH }, '../../strongroom'],
    [{ STRONGROOM_CALLED: linked }, `'${linked}'`],
    [{ STRONGROOM_CALLED: `${CHECKOUT}/strongroom`, PATH }, `${CHECKOUT}/strongroom`],
    [{ STRONGROOM_CALLED: linked, PATH, npm_lifecycle_event: 'npx' }, 'npx strongroom'],
    [{ STRONGROOM_CALLED: 'strongroom', PATH }, './strongroom'],
    [{ PATH }, undefined],
  ] as const) {
    assert.equal(calledAs(environment), call);
  }
});
