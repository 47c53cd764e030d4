import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
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

test('what events of an instance are checked against it may read, and nothing of one whose configuration does not read', (t) => {
  const root = mkdtempSync(join(tmpdir(), 'strongroom-test-'));
  t.after(() => rmSync(root, { recursive: true }));
  const at = places(root);
  const id = '11111111-2222-4333-8444-555555555555';
  for (const [name, caFile] of [
    ['dev', '/etc/hooks-ca.pem'],
    ['broken', 5],
  ] as const) {
    mkdirSync(at.instance(name).root, { recursive: true });
    const config = {
      ...{ profile: 'dev', id, name, tenantId: id, resourceId: '/r', region: 'local', createdAt: 'today' },
      ...{ hostNames: [{ authority: 'a', authorization: 'b', resource: 'c' }], initialAdministrators: [id] },
      issuers: [{ issuers: ['https://i'], audiences: ['a'], jwksUri: 'https://i/keys' }],
      ...{ softDeleteRetentionInDays: 7, purgeProtection: false },
      eventTargets: [{ origin: 'https://hooks.example', caFile }],
    };
    writeFileSync(at.instance(name).config, JSON.stringify(config));
  }
  const { flags = [] } = watcherProgram({ places: at, profile: 'dev', config: {} }, ['dev', 'broken']);
  assert.equal(flags.filter((each) => each.includes('/etc/')).join(), '--allow-fs-read=/etc/hooks-ca.pem');
});
