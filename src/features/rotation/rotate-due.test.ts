import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { CryptoClient } from '../../crypto/client/crypto-client.ts';
import { MemoryContent, openMemoryStore } from '../../store/memory/memory-store.fixture.ts';
import { feeding } from '../../store/sealed/follow-records.ts';
import { type InTestSealer, inTestSealer } from '../../store/sealed/in-test-sealer.fixture.ts';
import { openRecords } from '../../store/sealed/open-records.ts';
import type { Commit, Records } from '../../store/sealed/records.ts';
import { type DueWork, openDueWork } from '../clock/due-work.ts';
import { createKey } from '../keys/create.ts';
import { deleteKey, recoverKey } from '../keys/delete.ts';
import { KeyIndex } from '../keys/key-index.ts';
import type { PolicyRules } from './policy.ts';
import { RotationPolicies } from './policy.ts';
import type { Rotating } from './rotate.ts';
import { rotateKey } from './rotate.ts';
import { type RotationRecorder, rotationJob } from './rotate-due.ts';
import { setPolicy } from './rows.ts';
import { RotationSchedule } from './schedule.ts';

const DAY = 86_400;
const START = Date.UTC(2026, 0, 31) / 1000;
const OCT = { kind: { kty: 'oct-HSM', size: 256 }, keyOps: ['encrypt'], attributes: {}, tags: undefined } as const;

interface Instance {
  readonly content: MemoryContent;
  readonly sealer: InTestSealer;
  time: number;
  /** Names of rotated keys, one for each rotation that was recorded. */
  readonly rotated: string[];
  readonly failed: string[];
  /** Called while the module makes a key. */
  making: () => Promise<void>;
}

interface Worker extends AsyncDisposable {
  readonly service: Rotating & { readonly records: Records; readonly commit: Commit };
  readonly work: DueWork;
  readonly stop: () => void;
}

function newInstance(): Instance {
  const making = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  return { content: new MemoryContent(), sealer: inTestSealer(), time: START, rotated: [], failed: [], making };
}

async function startWorker(instance: Instance): Promise<Worker> {
  const keys = new KeyIndex();
  const policies = new RotationPolicies();
  const schedule = new RotationSchedule(keys, policies);
  const records = await openRecords({
    store: openMemoryStore(instance.content),
    sealer: instance.sealer,
    apply: (change) => {
      feeding(keys.follows)(change);
      feeding(policies.follows)(change);
      feeding(schedule.follows)(change);
    },
    newestHeadInLog: 0,
    headSeenByModule: 0,
  });
  const crypto = {
    createKey: async () => {
      await instance.making();
      return { publicKey: { kty: 'oct-HSM', size: 256 }, blob: Buffer.alloc(1) };
    },
  } as unknown as CryptoClient;
  const service = {
    keys,
    policies,
    records,
    commit: (plan: Parameters<Commit>[0]) => records.update(plan),
    crypto,
    now: () => instance.time,
    randomHex: (bytes: number) => randomBytes(bytes).toString('hex'),
    limits: { keys: 1000, versionsPerKey: 1000, tagsPerKey: 15 },
  };
  const record: RotationRecorder = {
    rotated: async ({ key }) => void instance.rotated.push(key.name),
    failed: async ({ key }) => void instance.failed.push(key.name),
  };
  const stopping = new AbortController();
  const job = rotationJob({ ...service, schedule, record, stopping: stopping.signal });
  const work = openDueWork({
    jobs: [job],
    now: service.now,
    refresh: () => records.refresh(),
    report: (_job, error) => assert.fail(String(error)),
    everyMs: 2 ** 31 - 1,
  });
  return {
    service,
    work,
    stop: () => stopping.abort(),
    async [Symbol.asyncDispose]() {
      await work[Symbol.asyncDispose]();
      await records[Symbol.asyncDispose]();
    },
  };
}

const create = ({ service }: Worker, name: string): Promise<unknown> =>
  createKey(name, { ...OCT, releasePolicy: undefined }, service.commit, service);
const after = (time: string, expiryTime?: string): PolicyRules => ({
  lifetimeActions: [{ type: 'Rotate', trigger: 'timeAfterCreate', time }],
  ...(expiryTime === undefined ? {} : { expiryTime }),
});
const find = ({ service: { keys } }: Worker, name: string) => {
  const key = keys.find(name);
  assert.ok(key !== undefined, name);
  return key;
};
const rule = (worker: Worker, name: string, rules: PolicyRules): Promise<unknown> =>
  setPolicy(() => find(worker, name), rules, worker.service.commit, worker.service);

describe('rotation when it is due', () => {
  test('workers that find the same keys due at once rotate each of them once', async () => {
    const instance = newInstance();
    await using a = await startWorker(instance);
    await using b = await startWorker(instance);
    await using c = await startWorker(instance);
    const names = Array.from({ length: 10 }, (_, index) => `k${index}`);
    for (const name of names) {
      await create(a, name);
      await rule(a, name, after('P30D'));
    }
    instance.time += 31 * DAY;
    await Promise.all([a, b, c].map(({ work }) => work.look()));
    assert.deepEqual(instance.rotated.sort(), names);
    await Promise.all([a, b, c].map(({ work }) => work.look()));
    assert.equal(instance.rotated.length, names.length);
    for (const name of names) assert.equal(b.service.keys.versions(name).length, 2);
  });

  test('a key that is deleted, cleared or given another policy while its version is made is not rotated', async () => {
    for (const change of ['delete', 'clear', 'later', 'rotate'] as const) {
      const instance = newInstance();
      await using worker = await startWorker(instance);
      await using other = await startWorker(instance);
      await create(worker, 'k');
      await rule(worker, 'k', after('P30D'));
      instance.time += 31 * DAY;
      const { making } = instance;
      instance.making = async () => {
        instance.making = making;
        await other.service.records.refresh();
        const retention = { recoverableDays: 7, recoveryLevel: '', purgeProtection: false };
        if (change === 'delete')
          await deleteKey(() => find(other, 'k'), other.service.commit, { ...other.service, retention });
        if (change === 'clear') await rule(other, 'k', { lifetimeActions: [] });
        if (change === 'later') await rule(other, 'k', after('P60D'));
        if (change === 'rotate') await rotateKey(() => find(other, 'k'), other.service.commit, other.service);
      };
      await worker.work.look();
      assert.deepEqual(instance.rotated, [], change);
      assert.deepEqual(instance.failed, [], change);
      if (change !== 'delete') {
        assert.equal(worker.service.keys.versions('k').length, change === 'rotate' ? 2 : 1, change);
      }
    }
  });

  test('a key for secure wrapping that was made exportable once is not exportable from its next version on', async () => {
    const instance = newInstance();
    await using worker = await startWorker(instance);
    const releasePolicy = { contentType: 'application/json; charset=utf-8', data: 'e30', immutable: true };
    const once = { ...OCT, keyOps: ['secureWrapKey'], attributes: { exportable: true }, releasePolicy };
    await createKey('k', once, worker.service.commit, worker.service);
    await rule(worker, 'k', after('P30D'));
    await rotateKey(() => find(worker, 'k'), worker.service.commit, worker.service);
    const { attributes, keyOps, ...next } = find(worker, 'k');
    assert.deepEqual([attributes.exportable, keyOps], [false, ['secureWrapKey']]);
    assert.deepEqual(next.releasePolicy, { ...releasePolicy, fromCreation: true });
    assert.equal(worker.service.keys.versions('k').length, 2);
  });

  test('failures wait longer each time, up to a day, and hold up no other key', async () => {
    const instance = newInstance();
    await using worker = await startWorker(instance);
    for (const name of ['bad', 'good']) {
      await create(worker, name);
      await rule(worker, name, after('P30D'));
    }
    instance.time += 30 * DAY;
    const { making } = instance;
    let broken = true;
    let turn = 0;
    instance.making = async () => {
      // Whichever of the two is first.
      if (broken && turn++ === 0) throw new Error('no module');
    };
    await worker.work.look();
    assert.equal(instance.failed.length, 1);
    assert.equal(instance.rotated.length, 1);
    const name = instance.failed[0];
    const attempts: number[] = [];
    instance.making = async () => {
      attempts.push(instance.time);
      throw new Error('no module');
    };
    const began = instance.time;
    for (let minutes = 0; minutes < 3 * 1440; minutes++) {
      instance.time += 60;
      await worker.work.look();
    }
    const waits = attempts.map((time, index) => (time - (attempts[index - 1] ?? began)) / 60);
    assert.deepEqual(waits, [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 1440]);
    broken = false;
    instance.making = making;
    instance.time += DAY;
    await worker.work.look();
    assert.equal(instance.rotated[1], name);
  });

  test('a worker that is about to stop finishes one and begins no other', async () => {
    const instance = newInstance();
    await using worker = await startWorker(instance);
    for (const name of ['a', 'b', 'c']) {
      await create(worker, name);
      await rule(worker, name, after('P30D'));
    }
    instance.time += 30 * DAY;
    instance.making = async () => worker.stop();
    await worker.work.look();
    assert.equal(instance.rotated.length, 1);
  });

  const periods = ['P28D', 'P1M', 'P45D', 'P1Y'] as const;
  const name = fc.constantFrom('k0', 'k1', 'k2');
  const command = fc.oneof(
    fc.record({ kind: fc.constant('pass' as const), days: fc.integer({ min: 1, max: 700 }) }),
    fc.record({ kind: fc.constant('jumpBack' as const), days: fc.integer({ min: 1, max: 20 }) }),
    fc.record({ kind: fc.constant('rule' as const), name, period: fc.constantFrom(...periods) }),
    fc.record({ kind: fc.constant('clear' as const), name }),
    fc.record({ kind: fc.constant('demand' as const), name }),
    fc.record({ kind: fc.constant('delete' as const), name }),
    fc.record({ kind: fc.constant('recover' as const), name }),
    fc.record({ kind: fc.constant('restart' as const), worker: fc.nat({ max: 1 }) }),
  );
  test('after any history nothing is overdue, nothing was rotated too soon, and each rotation is on record once', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(command, { maxLength: 25 }), async (commands) => {
        const instance = newInstance();
        const workers = [await startWorker(instance), await startWorker(instance)];
        const [first] = workers;
        assert.ok(first !== undefined);
        for (const key of ['k0', 'k1', 'k2']) await create(first, key);
        const demanded: string[] = [];
        for (const [index, step] of commands.entries()) {
          const worker = workers[index % 2];
          assert.ok(worker !== undefined);
          await worker.service.records.refresh();
          const { service } = worker;
          const named = 'name' in step ? step.name : '';
          const retention = { recoverableDays: 7, recoveryLevel: '', purgeProtection: false };
          if (step.kind === 'pass') instance.time += step.days * DAY;
          if (step.kind === 'jumpBack') instance.time -= step.days * DAY;
          if (step.kind === 'restart') {
            await workers[step.worker]?.[Symbol.asyncDispose]();
            workers[step.worker] = await startWorker(instance);
          }
          const exists = service.keys.find(named) !== undefined;
          if (step.kind === 'rule' && exists) await rule(worker, named, after(step.period));
          if (step.kind === 'clear' && exists) await rule(worker, named, { lifetimeActions: [] });
          if (step.kind === 'demand' && exists && service.policies.find(named) !== undefined) {
            demanded.push((await rotateKey(() => find(worker, named), service.commit, service)).key.version);
          }
          if (step.kind === 'delete' && exists)
            await deleteKey(() => find(worker, named), service.commit, { ...service, retention });
          const deleted = service.keys.findDeleted(named);
          if (step.kind === 'recover' && deleted !== undefined) await recoverKey(() => deleted, service.commit);
          await Promise.all(workers.map(({ work }) => work.look()));
        }
        let scheduled = 0;
        for (const { service } of workers) {
          await service.records.refresh();
          scheduled = 0;
          for (const key of ['k0', 'k1', 'k2']) {
            const versions = [...service.keys.versions(key), ...service.keys.deletedVersions(key)];
            for (const [at, version] of versions.entries()) {
              const before = versions[at - 1];
              if (before === undefined || demanded.includes(version.version)) continue;
              scheduled += 1;
              assert.ok(version.attributes.created - before.attributes.created >= 28 * DAY, 'rotated too soon');
            }
            const schedule = new RotationSchedule(service.keys, service.policies);
            const due = schedule.dueOf(key);
            assert.ok(due === undefined || due > instance.time, `${key} is overdue`);
          }
        }
        assert.equal(instance.rotated.length, scheduled);
        assert.deepEqual(instance.failed, []);
        for (const worker of workers) await worker[Symbol.asyncDispose]();
      }),
      { numRuns: 60 },
    );
  });
});
