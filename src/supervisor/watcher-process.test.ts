import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { places } from '../deployment/data-layout.ts';
import { readWatchConfig } from '../deployment/watch-config.ts';
import { filesOf, watcherProgram } from './watcher-process.ts';

test('an address that is a secret is not on the command line, which everybody on the machine may read', (t) => {
  const root = mkdtempSync(join(tmpdir(), 'strongroom-test-'));
  t.after(() => rmSync(root, { recursive: true }));
  const url = 'https://hooks.example/services/T0SECRET';
  const config = readWatchConfig(
    { alerts: { outlets: [{ kind: 'webhook', name: 'chat', url, secretFile: '/etc/s' }] } },
    'config',
  );
  const { flags = [], args = [] } = watcherProgram({ places: places(root), profile: 'dev', config }, { names: [] });
  assert.deepEqual(
    [...flags, ...args].filter((each) => each.includes('SECRET')),
    [],
  );
  assert.ok(args.includes('--data'));
});

test('of what instances name it may read files: no folder, no pattern, nothing that only their own file says', (t) => {
  const root = mkdtempSync(join(tmpdir(), 'strongroom-test-'));
  t.after(() => rmSync(root, { recursive: true }));
  const at = places(root);
  const ca = join(root, 'ca.pem');
  const pattern = join(root, '*');
  const [instances, purged] = [at.instance('dev').root, at.purged];
  for (const folder of [instances, purged]) mkdirSync(folder, { recursive: true });
  for (const file of [ca, pattern]) writeFileSync(file, '');
  const targets = ['/', root, pattern, '/etc/*', join(root, 'none.pem'), ca].map((caFile) => ({ origin: 'o', caFile }));
  assert.deepEqual(filesOf(targets), [ca]);
  writeFileSync(
    at.instance('dev').config,
    JSON.stringify({ eventTargets: [{ origin: 'https://a.example', caFile: ca }] }),
  );
  const flagsFor = (files: readonly string[]): number => {
    const { flags = [] } = watcherProgram({ places: at, profile: 'dev', config: {} }, { names: ['dev'], files });
    return flags.filter((each) => each === `--allow-fs-read=${ca}`).length;
  };
  assert.deepEqual([flagsFor([]), flagsFor([ca])], [0, 1]);
});
