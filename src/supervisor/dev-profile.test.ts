import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { places } from '../deployment/data-layout.ts';
import { openDevProfile } from './dev-profile.ts';

const root = mkdtempSync(join(tmpdir(), 'strongroom-test-'));
after(() => rmSync(root, { recursive: true }));

test('a sink writes neither to a folder nor below the data directory in the dev profile either', async () => {
  const data = places(join(root, 'data'));
  mkdirSync(data.root);
  for (const [path, refusal] of [
    [root, /sinks\[0\]\.path: .* is a folder: name a file/],
    [join(data.root, 'sent.jsonl'), /sinks\[0\]\.path: .* is in the data directory/],
  ] as const) {
    const sinks = [{ name: 'f', kind: 'file', path }] as const;
    await assert.rejects(
      openDevProfile(data, 0, () => undefined, { sinks }),
      (error: Error) => error.name === 'ConfigError' && refusal.test(error.message),
    );
  }
});
