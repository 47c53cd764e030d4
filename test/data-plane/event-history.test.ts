// After any history of keys, of a receiver that comes and goes, and of processes that end at any moment, each version and each expiry
// was told: by a worker that puts it on record, and a watcher that reads the record.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { sinceKind } from '../../src/features/events/delivered-events.ts';
import { type EventWorld, startEventWorker } from '../../src/features/events/event-worker.fixture.ts';
import { keyChange } from '../../src/features/keys/key-version.ts';
import { MemoryContent } from '../../src/store/memory/memory-store.fixture.ts';
import { inTestSealer } from '../../src/store/sealed/in-test-sealer.fixture.ts';
import { ADDRESS, EventsBench, SINCE } from '../../src/watcher/events/events.fixture.ts';

const DAY = 86_400;
const HOUR_MS = 3_600_000;

const step = fc.oneof(
  fc.record({ kind: fc.constant('create' as const), name: fc.nat({ max: 2 }), days: fc.option(fc.nat({ max: 80 })) }),
  fc.record({
    kind: fc.constant('expire' as const),
    name: fc.nat({ max: 2 }),
    days: fc.integer({ min: 1, max: 90 }),
  }),
  fc.record({ kind: fc.constant('pass' as const), days: fc.nat({ max: 40 }) }),
  fc.record({ kind: fc.constant('receiver' as const), is: fc.constantFrom('taken' as const, 'failed' as const) }),
  fc.record({ kind: fc.constant('recorder' as const), is: fc.constantFrom('works' as const, 'down' as const) }),
  fc.record({
    kind: fc.constant('restart' as const),
    what: fc.constantFrom('worker', 'worker before its entry', 'worker before its mark', 'watcher'),
  }),
);

test('after any history each version and expiry was told, and twice only where a process ended in between', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
      const world: EventWorld = { time: SINCE, address: ADDRESS, allowed: ['https://hooks.example'], log: [] };
      const watcher = new EventsBench(world.log);
      const [content, sealer] = [new MemoryContent(), inTestSealer()];
      let worker = await startEventWorker(content, sealer, world);
      await worker.records.update(() => [sinceKind.put('', { since: SINCE })]);
      const restart = async (): Promise<void> => {
        await worker.records[Symbol.asyncDispose]();
        worker = await startEventWorker(content, sealer, world);
      };
      const created = new Set<string>();
      let mayRepeat = false;
      let ends: string | undefined;
      world.recording = () => assert.notEqual(ends, 'worker before its entry');
      world.recorded = () => assert.notEqual(ends, 'worker before its mark');
      for (const each of steps) {
        const name = 'name' in each ? `k${each.name}` : '';
        if (each.kind === 'create') {
          await worker.create(name, each.days === null ? undefined : world.time + (each.days + 1) * DAY);
          created.add(`${name}/${worker.keys.find(name)?.version}`);
        }
        const key = worker.keys.find(name);
        if (each.kind === 'expire' && key !== undefined) {
          const changed = { ...key, attributes: { ...key.attributes, exp: world.time + each.days * DAY } };
          await worker.records.update(() => [keyChange(changed)]);
        }
        if (each.kind === 'pass') world.time += each.days * DAY;
        if (each.kind === 'receiver') watcher.answer = () => each.is;
        if (each.kind === 'recorder') watcher.recorder = each.is;
        if (each.kind === 'restart') {
          mayRepeat ||= each.what !== 'worker';
          if (each.what === 'watcher') watcher.start();
          else if (each.what === 'worker') await restart();
          else ends = each.what;
        }
        const hasEnded = await worker.look().then(
          () => false,
          () => true,
        );
        if (hasEnded) {
          ends = undefined;
          await restart();
        }
        watcher.now = 1000 * world.time;
        await watcher.settle();
      }
      [watcher.answer, watcher.recorder, ends] = [() => 'taken', 'works', undefined];
      for (let waits = 0; waits < 12; waits++) {
        world.time += 3600;
        await worker.look();
        await watcher.pass(HOUR_MS, HOUR_MS / 2);
      }
      await worker.records[Symbol.asyncDispose]();

      const ids = watcher.taken.map(({ id }) => id);
      if (!mayRepeat) assert.equal(new Set(ids).size, ids.length, 'told twice');
      const told = new Set(watcher.taken.map(({ type, subject, id }) => `${type} ${subject} ${id}`));
      const versions = [...told].filter((line) => line.includes('KeyNewVersionCreated'));
      assert.deepEqual(watcher.acts('GivenUp'), []);
      assert.equal(versions.length, created.size);
      for (const name of ['k0', 'k1', 'k2']) {
        const exp = worker.keys.find(name)?.attributes.exp;
        const isTold = (type: string): boolean => [...told].some((line) => line.includes(`${type} ${name} `));
        if (exp !== undefined && exp <= world.time) assert.ok(isTold('KeyExpired'), 'no expiry was told');
        else if (exp !== undefined && exp - 30 * DAY <= world.time) assert.ok(isTold('KeyNearExpiry'));
      }
    }),
    { numRuns: 60 },
  );
});
