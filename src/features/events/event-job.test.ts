import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { Delivery } from '../../http/post-event.ts';
import { MemoryContent, openMemoryStore } from '../../store/memory/memory-store.fixture.ts';
import { feeding } from '../../store/sealed/follow-records.ts';
import { inTestSealer } from '../../store/sealed/in-test-sealer.fixture.ts';
import { openRecords } from '../../store/sealed/open-records.ts';
import { addVersion } from '../keys/add-version.ts';
import { KeyIndex } from '../keys/key-index.ts';
import { keyChange, keyRemoval } from '../keys/key-version.ts';
import { RotationPolicies } from '../rotation/policy.ts';
import { DeliveredEvents, deliveredKind, sinceKind } from './delivered-events.ts';
import { eventJob, type SentEvent } from './event-job.ts';
import { EventQueue } from './pending-events.ts';
import { EventTargets } from './targets.ts';

const DAY = 86_400;

/** One worker over a store that outlives it; the receiver answers as `answer` says. */
async function startWorker(content: MemoryContent, sealer: ReturnType<typeof inTestSealer>, world: World) {
  const keys = new KeyIndex();
  const policies = new RotationPolicies();
  const told = new DeliveredEvents();
  const queue = new EventQueue({ keys, policies, told });
  const records = await openRecords({
    store: openMemoryStore(content),
    sealer,
    apply(change) {
      feeding(keys.follows)(change);
      feeding(policies.follows)(change);
      feeding(told.follows)(change);
      feeding(queue.follows)(change);
    },
    newestHeadInLog: 0,
    headSeenByModule: 0,
  });
  const origin = 'https://hooks.example';
  const job = eventJob({
    keys,
    policies,
    told,
    queue,
    records,
    targets: new EventTargets([{ origin }], { profile: 'production', readFile: () => '' }),
    address: () => origin,
    source: { id: 'i', name: 'dev', resourceId: '/r', origin: 'https://dev' },
    now: () => world.time,
    deliver: async (_target, text) => {
      const { id, type, subject } = JSON.parse(text) as { id: string; type: string; subject: string };
      const outcome = world.answer(subject);
      world.attempts.push({ subject, time: world.time });
      if (outcome === 'taken') world.taken.push(`${type} ${subject} ${id}`);
      return { outcome, detail: '' };
    },
    record: {
      taken: async () => undefined,
      givenUp: async (sent) => void world.givenUp.push(sent),
      failed: async (_sent, retryAt) => world.recording?.(retryAt),
    },
    stopping: new AbortController().signal,
  });
  const look = async (): Promise<void> => {
    const due = job.nextDue();
    if (due !== undefined && due <= world.time) await job.run();
  };
  const service = {
    keys,
    crypto: {} as never,
    now: () => world.time,
    randomHex: (bytes: number) => randomBytes(bytes).toString('hex'),
    limits: { keys: 1000, versionsPerKey: 1000, tagsPerKey: 15 },
  };
  const make = async () => ({ publicKey: { kty: 'oct-HSM', size: 256 } as const, blob: Buffer.alloc(1) });
  const create = async (name: string, exp?: number): Promise<void> => {
    const attributes = exp === undefined ? {} : { exp };
    const version = {
      kty: 'oct-HSM',
      keyOps: [],
      attributes,
      tags: undefined,
      releasePolicy: undefined,
      make,
    } as const;
    await addVersion(name, version, (plan) => records.update(plan), service);
  };
  return { keys, records, look, create, job, told };
}

interface World {
  time: number;
  answer: (subject: string) => Delivery['outcome'];
  readonly attempts: { readonly subject: string; readonly time: number }[];
  readonly taken: string[];
  readonly givenUp: SentEvent[];
  /** While a failed attempt is being written to the log. */
  recording?: (retryAt: number) => void;
}

async function begin() {
  const content = new MemoryContent();
  const sealer = inTestSealer();
  const world: World = { time: 1_000_000_000, answer: () => 'taken', attempts: [], taken: [], givenUp: [] };
  const start = () => startWorker(content, sealer, world);
  const worker = await start();
  await worker.records.update(() => [sinceKind.put('', { since: world.time })]);
  return { world, worker, start };
}

describe('sending events', () => {
  test('a receiver that is down is asked less and less often, and gets everything when it is back', async () => {
    const { world, worker } = await begin();
    await using _ = worker.records;
    world.answer = () => 'failed';
    for (let at = 0; at < 50; at++) await worker.create(`k${at}`);
    for (let minutes = 0; minutes < 12 * 60; minutes++) {
      await worker.look();
      world.time += 60;
    }
    assert.ok(world.attempts.length < 30, `${world.attempts.length} attempts in twelve hours`);
    world.answer = () => 'taken';
    world.time += 3600;
    await worker.look();
    assert.equal(new Set(world.taken).size, 50);
    assert.equal(world.taken.length, 50);
  });

  test('the next attempt is made when the log says, however long writing the log took', async () => {
    const { world, worker } = await begin();
    await using _ = worker.records;
    const announced: number[] = [];
    world.answer = () => 'failed';
    world.recording = (retryAt) => {
      announced.push(retryAt);
      world.time += 5;
    };
    await worker.create('k');
    await worker.create('other');
    for (let attempt = 0; attempt < 6; attempt++) {
      await worker.look();
      assert.equal(worker.job.nextDue(), announced.at(-1));
      world.time = announced.at(-1) ?? 0;
    }
    assert.equal(announced.length, 6);
  });

  test('an event on which the receiver fails for a day gives way; others go on meanwhile', async () => {
    const { world, worker } = await begin();
    await using _ = worker.records;
    world.answer = (subject) => (subject === 'poison' ? 'failed' : 'taken');
    await worker.create('poison');
    for (let hours = 0; hours < 40; hours++) {
      await worker.create(`k${hours}`);
      for (let minute = 0; minute < 60; minute++) {
        await worker.look();
        world.time += 60;
      }
      assert.equal(world.taken.length, hours + 1, 'held up');
    }
    assert.deepEqual(
      world.givenUp.map(({ event }) => event.key.name),
      ['poison'],
    );
    const last = world.attempts.filter(({ subject }) => subject === 'poison').at(-1)?.time ?? 0;
    assert.ok(last - 1_000_000_000 >= DAY);
    assert.equal(worker.job.nextDue(), undefined);
  });

  test('a key that is purged while its event is on the way leaves no mark', async () => {
    const { world, worker } = await begin();
    await using _ = worker.records;
    await worker.create('k');
    const key = worker.keys.find('k');
    assert.ok(key !== undefined);
    let purge: Promise<unknown> = Promise.resolve();
    world.answer = () => {
      purge = worker.records.update(() => [keyRemoval(key), deliveredKind.remove('k')]);
      return 'taken';
    };
    await worker.look();
    await purge;
    assert.equal(worker.told.find('k'), undefined);
  });

  test('after any history each version and expiry was told, restarts and failing receivers or not', async () => {
    const step = fc.oneof(
      fc.record({
        kind: fc.constant('create' as const),
        name: fc.nat({ max: 2 }),
        days: fc.option(fc.nat({ max: 80 })),
      }),
      fc.record({
        kind: fc.constant('expire' as const),
        name: fc.nat({ max: 2 }),
        days: fc.integer({ min: 1, max: 90 }),
      }),
      fc.record({ kind: fc.constant('pass' as const), days: fc.nat({ max: 40 }) }),
      fc.record({ kind: fc.constant('receiver' as const), up: fc.boolean() }),
      fc.record({ kind: fc.constant('restart' as const) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
        const { world, worker: first, start } = await begin();
        let worker = first;
        const expected = new Set<string>();
        for (const each of steps) {
          const name = 'name' in each ? `k${each.name}` : '';
          if (each.kind === 'create') {
            await worker.create(name, each.days === null ? undefined : world.time + (each.days + 1) * DAY);
            expected.add(`KeyNewVersionCreated ${name} ${worker.keys.find(name)?.version}`);
          }
          const key = worker.keys.find(name);
          if (each.kind === 'expire' && key !== undefined) {
            const changed = { ...key, attributes: { ...key.attributes, exp: world.time + each.days * DAY } };
            await worker.records.update(() => [keyChange(changed)]);
          }
          if (each.kind === 'pass') world.time += each.days * DAY;
          if (each.kind === 'receiver') world.answer = () => (each.up ? 'taken' : 'failed');
          if (each.kind === 'restart') {
            await worker.records[Symbol.asyncDispose]();
            worker = await start();
          }
          await worker.look();
        }
        world.answer = () => 'taken';
        for (let waits = 0; waits < 12; waits++) {
          world.time += 3600;
          await worker.look();
        }
        // No worker died between an event that was taken and its mark, so nothing was told twice.
        assert.equal(new Set(world.taken).size, world.taken.length);
        const told = world.taken.filter((line) => line.includes('KeyNewVersionCreated'));
        assert.equal(told.length, expected.size - world.givenUp.length);
        for (const name of ['k0', 'k1', 'k2']) {
          const exp = worker.keys.find(name)?.attributes.exp;
          if (exp === undefined) continue;
          const lines = world.taken.filter((line) => line.includes(` ${name} `));
          if (exp <= world.time)
            assert.ok(
              lines.some((line) => line.includes('KeyExpired')),
              'no expiry was told',
            );
          else if (exp - 30 * DAY <= world.time) assert.ok(lines.some((line) => line.includes('KeyNearExpiry')));
        }
        await worker.records[Symbol.asyncDispose]();
      }),
      { numRuns: 60 },
    );
  });
});
