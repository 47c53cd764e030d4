// What one instance, or one part, has broken is no reason to watch nothing.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { places } from '../deployment/data-layout.ts';
import type { Link } from '../links/link.ts';
import { wellInstance } from './health/health.fixture.ts';
import { findLogs } from './watched-logs.ts';
import { openWatcher } from './watcher.ts';

test('an instance whose configuration is half written, and events whose state cannot be read, end nobody', async (t) => {
  const root = mkdtempSync(join(tmpdir(), 'strongroom-test-'));
  t.after(() => rmSync(root, { recursive: true }));
  const at = places(root);
  const id = '11111111-2222-4333-8444-555555555555';
  const config = {
    ...{ profile: 'dev', id, name: 'dev', tenantId: id, resourceId: '/r', region: 'local', createdAt: 'today' },
    ...{ hostNames: [{ authority: 'a', authorization: 'b', resource: 'c' }], initialAdministrators: [id] },
    issuers: [{ issuers: ['https://i'], audiences: ['a'], jwksUri: 'https://i/keys' }],
    ...{ softDeleteRetentionInDays: 7, purgeProtection: false },
  };
  const names = ['east', 'dev'];
  for (const name of names) mkdirSync(at.instance(name).root, { recursive: true });
  writeFileSync(at.instance('dev').config, JSON.stringify(config));
  writeFileSync(at.instance('east').config, JSON.stringify(config).slice(0, 100));
  assert.throws(() => findLogs(at, names), /is not JSON/);
  const unread: string[] = [];
  const found = findLogs(at, names, (name) => {
    unread.push(name);
    return [];
  });
  assert.deepEqual([found.map(({ instance }) => instance), unread], [['dev'], ['east']]);

  for (const folder of [at.purged, join(at.watch, 'events.json')]) mkdirSync(folder, { recursive: true });
  const said: string[] = [];
  t.mock.method(process.stderr, 'write', (text: string) => said.push(text) > 0);
  const link = { request: () => Promise.reject(new Error('nobody')), send: () => undefined } as unknown as Link;
  await using watcher = await openWatcher({ places: at, profile: 'dev', config: {}, since: 0, link });
  const processes = { control: true, managementRecorder: true };
  watcher.update({ instances: names.map((name) => wellInstance(name)), processes });
  assert.match(
    said.join(''),
    /^events does not open, and is tried again: EISDIR.*\neast is watched as it was known: .*is not JSON\n/,
  );
});
