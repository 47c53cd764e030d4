import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { trustedTargets } from './backup-storage.ts';

test('a place whose authority others can exchange is none in production, and it is told why', () => {
  const folder = mkdtempSync(join(tmpdir(), 'strongroom-places-'));
  const caFile = join(folder, 'ca.pem');
  writeFileSync(caFile, '-----BEGIN CERTIFICATE-----');
  const plain = { uri: 'file:///srv/hsm-backups' };
  const places = [{ uri: 'https://blobs.example/hsm', caFile }, plain];
  const told: string[] = [];
  const soundIn = (profile: 'dev' | 'production') =>
    trustedTargets(places, profile, (what, error) => told.push(`${what}: ${(error as Error).message}`));
  chmodSync(caFile, 0o644);
  assert.deepEqual([soundIn('production'), told], [places, []]);
  chmodSync(caFile, 0o666);
  assert.deepEqual([soundIn('dev'), told], [places, []]);
  assert.deepEqual(soundIn('production'), [plain]);
  assert.match(told.join(), /^the backup place https:\/\/blobs\.example\/hsm: its authority: others may write to /);
  rmSync(caFile);
  assert.deepEqual(soundIn('production'), [plain]);
  rmSync(folder, { recursive: true });
});
