import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Scene } from './scene.ts';
import { machine } from './time-and-machine.ts';

test('where the recorder does not run just now nothing is stopped: pid 0 would be this group of processes', async ({
  mock,
}) => {
  const kill = mock.method(process, 'kill', () => true);
  const scene = { pids: () => ({ managementRecorder: null, instances: { dev: { recorder: null, service: [] } } }) };
  const [unrecorded = assert.fail()] = machine.filter(({ fires }) => fires.includes('recorder-down'));
  await assert.rejects(unrecorded.run(scene as unknown as Scene), /^Error: the recorder does not run$/);
  assert.equal(kill.mock.callCount(), 0);
});
