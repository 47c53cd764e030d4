// A recorder that hangs: nothing can be put on record, so nothing is answered, and the instance says so to whoever leads clients to it.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { type RecorderRelay, startRecorderRelay } from '../support/recorder-relay.ts';
import { type RunningInstance, startRunningInstance } from '../support/running-instance.ts';

let instance: RunningInstance;
let relay: RecorderRelay;
before(async () => {
  instance = await startRunningInstance({
    async beforeRecorder(socket) {
      relay = await startRecorderRelay(`${socket}.relay`, socket);
      return relay.socketPath;
    },
  });
  await instance.activate();
});
after(async () => {
  await instance[Symbol.asyncDispose]();
  await relay[Symbol.asyncDispose]();
});

const health = async (): Promise<number> => (await instance.ask('GET', '/healthz')).status;

/** Asks at a pace that the limit of callers without a token allows. */
async function healthBecomes(status: number): Promise<void> {
  for (const end = performance.now() + 60_000; (await health()) !== status; await pause(200))
    assert.ok(performance.now() < end, `health is not ${status}`);
}

test('an instance whose recorder hangs is not healthy until the recorder goes on, though nobody asks for anything', async () => {
  const token = await instance.adminToken();
  const ask = async (): Promise<number> =>
    (await instance.ask('GET', '/providers/Microsoft.Authorization/roleAssignments?api-version=7.4', { token })).status;
  assert.deepEqual([await ask(), await health()], [200, 200]);
  relay.hold();
  const asked = ask();
  await relay.kept('RoleAssignmentList');
  assert.equal(await health(), 200, 'an entry may take a moment');
  await healthBecomes(503);
  assert.equal(await asked, 503);
  assert.equal(await health(), 503, 'what waited was given up, and nothing says that more can be recorded');
  relay.letGo();
  await healthBecomes(200);
  assert.equal(await ask(), 200);
});
