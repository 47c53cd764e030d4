import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { places } from '../deployment/data-layout.ts';
import { readWatchConfig } from '../deployment/watch-config.ts';
import { watcherProgram } from './watcher-process.ts';

test('an address that is a secret is not on the command line, which everybody on the machine may read', (t) => {
  const root = mkdtempSync(join(tmpdir(), 'strongroom-test-'));
  t.after(() => rmSync(root, { recursive: true }));
  const url = 'https://hooks.example/services/T0SECRET';
  const config = readWatchConfig(
    { alerts: { outlets: [{ kind: 'webhook', name: 'chat', url, secretFile: '/etc/s' }] } },
    'config',
  );
  const { flags = [], args = [] } = watcherProgram({ places: places(root), profile: 'dev', config }, []);
  assert.deepEqual(
    [...flags, ...args].filter((each) => each.includes('SECRET')),
    [],
  );
  assert.ok(args.includes('--data'));
});
