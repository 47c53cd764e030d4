import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { readReadyFile } from './ready-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'strongroom-bench-test-'));
const file = join(folder, 'ready.json');
after(() => rmSync(folder, { recursive: true }));

const content = {
  uris: { instances: { dev: { direct: 'https://127.0.0.1:40123' } } },
  pids: { supervisor: 1, control: null, instances: { dev: { recorder: 2, service: [3], module: [4, 5] } } },
  ca: '/d/ca.pem',
  env: '/d/env.sh',
};

test('address, files and every living process are taken from the ready file', () => {
  writeFileSync(file, JSON.stringify(content));
  assert.deepEqual(readReadyFile(file, 'dev'), {
    direct: { host: '127.0.0.1', port: 40123 },
    processes: [
      { role: 'supervisor', pid: 1 },
      { role: 'recorder', pid: 2 },
      { role: 'service.0', pid: 3 },
      { role: 'module.0', pid: 4 },
      { role: 'module.1', pid: 5 },
    ],
    caFile: '/d/ca.pem',
    envFile: '/d/env.sh',
  });
});

test('a ready file without the instance is refused by what is missing', () => {
  writeFileSync(file, JSON.stringify({ ...content, uris: { instances: {} } }));
  assert.throws(() => readReadyFile(file, 'dev'), /uris\.instances\.dev\.direct/);
});
