import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RetriedPart } from './retried-part.ts';
import type { WatcherPart } from './watcher-part.ts';

const SAID: Parameters<WatcherPart['update']> = [[], [], { control: true, managementRecorder: true }];

test('a part that does not open is reported and tried again later, and then told what there is', async () => {
  const [reports, told] = [[] as string[], [] as unknown[]];
  let [now, tries, isBroken, closed] = [0, 0, true, 0];
  const opened = {
    update: (...said: typeof SAID) => void told.push(said),
    [Symbol.asyncDispose]: () => Promise.resolve(void (closed += 1)),
  };
  const part = await RetriedPart.open<WatcherPart>({
    name: 'health',
    open: () => {
      tries += 1;
      return isBroken ? Promise.reject(new Error('the port is taken')) : Promise.resolve(opened);
    },
    report: (what) => void reports.push(what),
    steady: () => now,
  });
  assert.deepEqual([part.part, reports], [undefined, ['health does not open, and is tried again: the port is taken']]);
  isBroken = false;
  now = 9_999;
  part.update(...SAID);
  assert.equal(tries, 1, 'not at once');
  now = 10_000;
  part.update(...SAID);
  await Promise.resolve();
  await new Promise(setImmediate);
  assert.deepEqual([part.part, tries, told], [opened, 2, [SAID]]);
  await part[Symbol.asyncDispose]();
  assert.equal(closed, 1);
});
