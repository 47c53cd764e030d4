// Whom a test of the alerts speaks to is the operator's to say, in a file of theirs: not what lies in the watcher's folder.
import assert from 'node:assert/strict';
import { chownSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { places } from '../../src/deployment/data-layout.ts';
import { alertStateFile } from '../../src/watcher/alerts/alert-files.ts';
import { newState } from '../../src/watcher/alerts/alert-state.ts';
import { runStrongroom } from '../support/run-strongroom.ts';

let root: string;
let config: string;
before(async () => {
  root = await mkdtemp(join(tmpdir(), 'settings-of-a-test-'));
  config = join(root, 'config.json');
});
after(() => rm(root, { recursive: true }));

async function dataWith(name: string): Promise<string> {
  const data = join(root, name);
  const { watch } = places(data);
  await mkdir(watch, { recursive: true, mode: 0o700 });
  const secretFile = join(root, 'secret');
  await writeFile(secretFile, `whsec_${'A'.repeat(44)}\n`, { mode: 0o600 });
  const outlets = [{ kind: 'webhook', name: 'planted', url: 'http://127.0.0.1:9/', secretFile }] as const;
  await writeFile(alertStateFile(watch), JSON.stringify(newState(Date.now(), { outlets })));
  return data;
}

/** Before anything is started. @returns what it said */
async function refused(data: string, ...words: readonly string[]): Promise<string> {
  const { code, stderr } = await runStrongroom('alerts', 'test', 'network-opened', ...words, '--data', data);
  assert.equal(code, 1, stderr);
  assert.doesNotMatch(stderr, /make a throw-away product/);
  return stderr;
}

test('a receiver that was written into the folder of the watcher is none: without a configuration it says what to give', async () => {
  const data = await dataWith('planted');
  assert.match(await refused(data), /nothing serves from .*: name the configuration with --config FILE/);
  await writeFile(config, JSON.stringify({ alerts: { outlets: [] } }));
  assert.match(await refused(data, '--config', config), /no receiver is configured/);
  assert.match(await refused(data, '--config', config, '--to', 'planted'), /no receiver is configured/);
});

test('the configuration is checked as a start does, in production against others who may change it', async () => {
  const data = await dataWith('checked');
  await writeFile(config, JSON.stringify({ alerts: { outlets: [], off: ['nothing'] } }));
  assert.match(await refused(data, '--config', config, '--no-send'), /alerts\.off: there is no rule 'nothing'/);
  await writeFile(places(data).production, '{}');
  await writeFile(config, '{}');
  const open = join(root, 'open');
  await mkdir(open);
  await chmod(open, 0o777);
  await writeFile(join(open, 'config.json'), '{}');
  assert.match(await refused(data, '--config', join(open, 'config.json'), '--no-send'), /others may write to .*open/);
  assert.match(await refused(data, '--config', config, '--no-send'), /config\.json: /);
});

test('in the data directory of another user nothing is written that those who serve from it cannot read', async () => {
  const isRoot = process.getuid?.() === 0;
  const data = isRoot ? await dataWith('others') : '/usr';
  if (isRoot) chownSync(data, 65_534, 65_534);
  await writeFile(config, JSON.stringify({ alerts: { outlets: [] } }));
  assert.match(await refused(data, '--config', config, '--no-send'), /belongs to another user .*: run it as that user/);
  const words = ['alerts', 'silence', 'settings-changed', '--for', '1h', '--reason', 'a drill', '--data', data];
  const { code, stderr } = await runStrongroom(...words);
  assert.equal(code, 1);
  if (isRoot) assert.match(stderr, /belongs to another user/);
  if (isRoot) assert.deepEqual(await readdir(data), ['watch']);
});
