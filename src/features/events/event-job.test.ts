import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { MemoryContent } from '../../store/memory/memory-store.fixture.ts';
import { inTestSealer } from '../../store/sealed/in-test-sealer.fixture.ts';
import { keyRemoval } from '../keys/key-version.ts';
import { deliveredKind, sinceKind } from './delivered-events.ts';
import { type EventWorld, startEventWorker } from './event-worker.fixture.ts';

const ORIGIN = 'https://hooks.example';

async function begin() {
  const content = new MemoryContent();
  const sealer = inTestSealer();
  const world: EventWorld = { time: 1_000_000_000, address: `${ORIGIN}/a`, allowed: [ORIGIN], log: [] };
  const start = () => startEventWorker(content, sealer, world);
  const worker = await start();
  await worker.records.update(() => [sinceKind.put('', { since: world.time })]);
  return { world, worker, start };
}

/** Subject and id of each event that is on record as due. */
function dueIn({ log }: EventWorld): readonly (readonly [string, string])[] {
  return log.map((entry) => {
    const { properties } = JSON.parse(entry.toString()) as {
      properties: { detail: { event: { subject: string; id: string } } };
    };
    const { subject, id } = properties.detail.event;
    return [subject, id];
  });
}

describe('which events are told', () => {
  test('each is put on record once, with all that the receiver is to know and from when on events are told', async () => {
    const { world, worker, start } = await begin();
    await worker.create('k', world.time + 86_400);
    await worker.look();
    await worker.look();
    await worker.records[Symbol.asyncDispose]();
    const next = await start();
    await using _ = next.records;
    await next.look();
    assert.deepEqual(
      dueIn(world).map(([subject]) => subject),
      ['k', 'k'],
    );
    const { operationName, properties } = JSON.parse(String(world.log[1])) as {
      operationName: string;
      properties: { detail: { since: number; event: { type: string; time: string; data: object } } };
    };
    const { since, event } = properties.detail;
    assert.deepEqual(
      [operationName, since, event.type, event.time],
      ['EventDue', 1_000_000_000, 'Microsoft.KeyVault.KeyNewVersionCreated', '2001-09-09T01:46:40.000Z'],
    );
    const { version = '' } = next.keys.find('k') ?? {};
    assert.deepEqual(event.data, {
      Id: `https://dev/keys/k/${version}`,
      VaultName: 'dev',
      ObjectType: 'Key',
      ObjectName: 'k',
      Version: version,
      EXP: 1_000_086_400,
    });
  });

  test('a worker that ends between entry and mark has it told again, under the same id', async () => {
    const { world, worker, start } = await begin();
    await worker.create('k');
    world.recorded = () => {
      throw new Error('ended');
    };
    await assert.rejects(worker.look(), /ended/);
    delete world.recorded;
    await worker.records[Symbol.asyncDispose]();
    const next = await start();
    await using _ = next.records;
    await next.look();
    const [first, second, ...more] = dueIn(world);
    assert.deepEqual([first, more], [second, []]);
  });

  test('what an older version was told of by the receiver is not told again, and what it owed is', async () => {
    const { world, worker } = await begin();
    await using _ = worker.records;
    await worker.create('taken');
    await worker.create('owed');
    await worker.records.update(() => [deliveredKind.put('taken', { newVersion: 1 })]);
    await worker.look();
    assert.deepEqual(
      dueIn(world).map(([subject]) => subject),
      ['owed'],
    );
  });

  test('a key that is purged while its event is put on record leaves no mark', async () => {
    const { world, worker } = await begin();
    await using _ = worker.records;
    await worker.create('k');
    const key = worker.keys.find('k');
    assert.ok(key !== undefined);
    let purge: Promise<unknown> = Promise.resolve();
    world.recorded = () => {
      purge = worker.records.update(() => [keyRemoval(key), deliveredKind.remove('k')]);
    };
    await worker.look();
    await purge;
    assert.equal(worker.told.find('k'), undefined);
    assert.equal(worker.job.nextDue(), undefined);
  });

  test('while the address is not allowed nothing is told, and nothing forgotten', async () => {
    const { world, worker } = await begin();
    await using _ = worker.records;
    world.address = 'https://elsewhere.example/';
    await worker.create('k');
    await worker.look();
    assert.deepEqual([world.log.length, worker.telling.receiver()], [0, { since: 1_000_000_000 }]);
    world.address = `${ORIGIN}/b`;
    await worker.look();
    assert.deepEqual([world.log.length, worker.telling.receiver().address], [1, `${ORIGIN}/b`]);
  });
});
