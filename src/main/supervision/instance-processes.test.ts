import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { InstanceProcesses } from './instance-processes.ts';

const CHILD = fileURLToPath(new URL('child.fixture.ts', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'strongroom-test-'));
after(() => rmSync(folder, { recursive: true }));

test('from the moment that it is to stop nobody is led to its port, which another program may take', async () => {
  mkdirSync(join(folder, 'dev'), { mode: 0o700 });
  const told: number[] = [];
  const instance: InstanceProcesses = new InstanceProcesses({
    name: 'dev',
    id: 'a7c1e5b0-5d0e-4e0c-9f0b-0a4f0f6f5b6a',
    root: join(folder, 'dev'),
    audit: join(folder, 'dev', 'audit'),
    logs: join(folder, 'logs'),
    workers: 2,
    partitions: 1,
    frontToken: new Uint8Array(32),
    entries: { service: CHILD, recorder: CHILD },
    report: (text) => assert.fail(text),
    changed: () => told.push(instance.status.port),
  });
  await using _ = instance;
  await instance.start();
  assert.equal(told.at(-1), 4242);
  const stopped = instance.stop();
  assert.ok(instance.pids.service.length === 2, 'they have not ended yet');
  assert.equal(told.at(-1), 0);
  const soFar = told.length;
  await stopped;
  assert.deepEqual([...new Set(told.slice(soFar))], [0]);
});
