import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WatcherLimits } from './watcher-limits.ts';

test('of notes the newest of each instance is told, at most one a second, and none that is long', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const limits = new WatcherLimits();
  const told: string[] = [];
  const say = (instance: string, note: string): void => limits.note(instance, note, (each) => void told.push(each));
  for (let nth = 0; nth < 3_000; nth++) say('east', `east ${nth}`);
  say('west', 'west 0');
  say('north', 'n'.repeat(250_000));
  assert.deepEqual(told, ['east 0', 'west 0']);
  t.mock.timers.tick(1_000);
  assert.deepEqual(told.splice(0), ['east 0', 'west 0', 'east 2999']);
  say('east', 'east again');
  assert.deepEqual(told, []);
  t.mock.timers.tick(1_000);
  t.mock.timers.tick(1_000);
  assert.deepEqual(told.splice(0), ['east again']);
  say('east', 'at once');
  assert.deepEqual(told, ['at once']);
});

test('a worker has a few questions to answer at once, and others beside them', async () => {
  const limits = new WatcherLimits();
  const { promise, resolve } = Promise.withResolvers<string>();
  const asked = Array.from({ length: 4 }, () => limits.question('east/0', () => promise));
  let more = 0;
  const another = (worker: string): Promise<number> => limits.question(worker, () => Promise.resolve(++more));
  await assert.rejects(another('east/0'), /east\/0 has not answered yet/);
  assert.equal(await another('east/1'), 1);
  resolve('all');
  await Promise.all(asked);
  assert.equal(await another('east/0'), 2);
  for (let nth = 0; nth < 10; nth++)
    await assert.rejects(
      limits.question('east/0', () => Promise.reject(new Error('not there'))),
      /not there/,
    );
});

test('of acts each log takes 600 at once, and one a second from then on, however long nothing was', () => {
  let now = 0;
  const limits = new WatcherLimits(() => now);
  const taken = (instance = 'east'): number => {
    for (let acts = 0; ; acts++) {
      try {
        limits.takeAct(instance);
      } catch {
        return acts;
      }
    }
  };
  assert.equal(taken(), 600);
  assert.deepEqual([taken('west'), taken(''), taken()], [600, 600, 0]);
  for (const [seconds, acts] of [
    [0, 0],
    [0.5, 0],
    [0.5, 1],
    [60, 60],
    [86_400, 600],
  ] as const) {
    now += seconds * 1_000;
    assert.equal(taken(), acts);
  }
});
