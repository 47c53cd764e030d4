// Who has the disk: sealed bytes of a commit that failed lie in the store's log for a while, and are as authentic as those of the one that
// took its sequence. What the audit log names tells them apart, however many changes share a commit, and entries that are missing are counted.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CryptoClient } from '../../src/crypto/client/crypto-client.ts';
import type { InstanceConfig } from '../../src/deployment/instance.ts';
import { openEntries } from '../../src/features/audit/read-entries.ts';
import type { AuditEntry, AuditLog } from '../../src/links/recorder/audit-log.ts';
import { openAuditLog } from '../../src/links/recorder/open-audit-log.ts';
import { makePlace, ORIGIN, signCheckpoint } from '../../src/recorder/recorder.fixture.ts';
import { startRecorder } from '../../src/recorder/start-recorder.ts';
import { settleHead } from '../../src/service/service-entries.ts';
import { openVerifiedRecords } from '../../src/service/verified-start.ts';
import { MemoryContent, openMemoryStore } from '../../src/store/memory/memory-store.fixture.ts';
import { type Store, StoreError } from '../../src/store/port.ts';
import { holding } from '../../src/store/sealed/follow-records.ts';
import { inTestSealer } from '../../src/store/sealed/in-test-sealer.fixture.ts';
import { openRecords } from '../../src/store/sealed/open-records.ts';
import { type Change, type Head, NO_ENTRY } from '../../src/store/sealed/records.ts';

const config = { name: 'dev', resourceId: '/x', initialAdministrators: [] } as unknown as InstanceConfig;

async function openWorld() {
  const place = makePlace();
  const stack = new AsyncDisposableStack();
  stack.defer(() => place[Symbol.dispose]());
  stack.use(await startRecorder({ ...place, origin: ORIGIN, report: assert.fail, checkpointInterval: 20 }));
  const audit = stack.use(await openAuditLog({ socketPath: place.socketPath, signCheckpoint }));
  const content = new MemoryContent();
  const sealer = inTestSealer();
  const crypto = {
    hello: { headSequence: 0, signedSize: 0 },
    async send(kind: string, asked: never) {
      const { name, revision, value, key, sealed, previous } = asked as Readonly<Record<string, never>>;
      if (kind === 'sealRecord') return sealer.seal(name as never, revision as never, value as never);
      if (kind === 'sealHead')
        return sealer.sealHead({ ...(asked as object), sequence: revision } as never, previous as never);
      if (kind === 'openRecord') return sealer.open(key as never, revision as never, sealed as never);
      return sealer.noteHead(revision as never, key as never, sealed as never);
    },
  } as unknown as CryptoClient;
  const log = { audit, config };
  async function start(store: Store = openMemoryStore(content)) {
    const held = new Map<string, string>();
    const apply = ({ name, value }: Change): void => {
      if (value === null) held.delete(name);
      else held.set(name, Buffer.from(value).toString());
    };
    const attempt = (changes: readonly Change[]) => {
      const undos = changes.map(({ name }) => holding(held, name));
      changes.forEach(apply);
      return () => undos.reverse().forEach((undo) => undo());
    };
    const records = await openVerifiedRecords(log, crypto, { store, apply, attempt }, await audit.newestHead());
    return { records, held, [Symbol.asyncDispose]: () => records[Symbol.asyncDispose]() };
  }
  const entries = () =>
    [...openEntries(place.folder).from(0)].map(({ text }) => JSON.parse(text) as AuditEntry & { storeHead: object });
  return { content, sealer, audit, log, start, entries, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

function put(name: string): readonly Change[] {
  return [{ name, value: Buffer.from(name) }];
}

function write(audit: AuditLog, storeHead: Head): Promise<void> {
  return audit.append(JSON.stringify({ storeHead }), storeHead.sequence);
}

for (const [together, entries] of [
  [1, 1],
  [5, 1],
  [1, 0],
  [5, 0],
] as const) {
  test(`a failed commit of ${entries} entries is not put in the place of ${together} acknowledged, whatever entry was the last`, async () => {
    await using world = await openWorld();
    const { content, audit, start } = world;
    const store = openMemoryStore(content);
    const { commit } = store;
    const failed = new Map<string, typeof content.rows extends Map<string, infer R> ? R : never>();
    {
      await using worker = await start(store);
      await write(audit, await worker.records.update(() => put('before')));
      for (const [key, row] of content.rows) failed.set(key, row);
      store.commit = async (_, writes) => {
        for (const row of writes) failed.set(Buffer.from(row.key).toString('latin1'), row);
        throw new StoreError('Unavailable', 'the disk is full');
      };
      await assert.rejects(
        worker.records.update(
          () => put('failed'),
          () => entries,
        ),
        { code: 'Unavailable' },
      );
      store.commit = commit;
      await worker.records.refresh();
      const heads = await Promise.all(
        Array.from({ length: together }, (_, n) => worker.records.update(() => put(`acknowledged ${n}`))),
      );
      // One answer is enough, whichever it is of.
      await write(audit, heads[0] as Head);
    }
    const whole = new Map(content.rows);
    replaceRows(content, failed);
    await assert.rejects(start(), { code: 'Refused', message: /head of sequence 2 is another/ });
    assert.equal(world.entries().at(-1)?.operationName, 'StoreRefused');
    replaceRows(content, whole);
    await using again = await start();
    assert.equal(again.held.size, together + 1);
  });
}

function replaceRows(content: MemoryContent, rows: MemoryContent['rows']): void {
  content.rows.clear();
  for (const [key, row] of rows) content.rows.set(key, row);
}

for (const chain of [1, 3]) {
  test(`${chain} commits without an entry, of a branch that was given up, are not put in the place of an acknowledged one`, async () => {
    await using world = await openWorld();
    const { content, audit, start } = world;
    {
      await using worker = await start();
      await write(audit, await worker.records.update(() => put('before')));
    }
    const before = new Map(content.rows);
    {
      await using worker = await start();
      for (let n = 0; n < chain; n++) await worker.records.update(() => put(`progress ${n}`), NO_ENTRY);
    }
    const branch = new Map(content.rows);
    replaceRows(content, before);
    {
      await using worker = await start();
      await write(audit, await worker.records.update(() => put('acknowledged')));
    }
    replaceRows(content, branch);
    const message = new RegExp(`head of sequence ${chain + 1} is another`);
    await assert.rejects(start(), { code: 'Refused', message });
  });
}

test('a failed commit without an entry, shown to a worker that did not see the one in its place, is not committed upon', async () => {
  await using world = await openWorld();
  const { content, audit, start } = world;
  const store = openMemoryStore(content);
  const { commit } = store;
  await using one = await start(store);
  await using two = await start();
  await write(audit, await one.records.update(() => put('before')));
  await two.records.refresh();
  const failed = new Map(content.rows);
  store.commit = async (_, writes) => {
    for (const row of writes) failed.set(Buffer.from(row.key).toString('latin1'), row);
    throw new StoreError('Unavailable', 'the disk is full');
  };
  await assert.rejects(one.records.update(() => put('failed'), NO_ENTRY));
  store.commit = commit;
  await one.records.refresh();
  await write(audit, await one.records.update(() => put('acknowledged')));
  replaceRows(content, failed);
  const message = /head of sequence 2 is another/;
  await assert.rejects(
    two.records.update(() => put('mine')),
    { code: 'Refused', message },
  );
});

for (const later of [0, 1, 3]) {
  test(`a head that no entry was to name may be named by an older program, ${later} such heads before the newest`, async () => {
    await using world = await openWorld();
    const { audit, start } = world;
    {
      await using worker = await start();
      await write(audit, await worker.records.update(() => put('before')));
      await worker.records.update(() => put('progress'), NO_ENTRY);
      const { sequence, hash } = await worker.records.update(() => put('progress'), NO_ENTRY);
      // Of what has changed nothing.
      await write(audit, { sequence, hash });
      for (let n = 0; n < later; n++) await worker.records.update(() => put('progress'), NO_ENTRY);
    }
    await using again = await start();
    assert.deepEqual([again.records.head.sequence, again.records.named.sequence], [3 + later, 1]);
    await write(audit, await again.records.update(() => put('after')));
    await using last = await start();
    assert.equal(last.records.named.sequence, 4 + later);
  });
}

test('entries of a head that are missing are told of, once, before anything is committed upon it', async () => {
  await using world = await openWorld();
  const { audit, log, start, entries } = world;
  {
    await using worker = await start();
    const heads = await Promise.all(['a', 'b', 'c', 'd'].map((name) => worker.records.update(() => put(name))));
    // Killed after two of four.
    for (const head of heads.slice(0, 2)) await write(audit, head);
  }
  const completed = () => entries().filter(({ operationName }) => operationName === 'StoreHeadCompleted');
  for (let starts = 0; starts < 3; starts++) {
    await using worker = await start();
    await settleHead(log, worker.records.named, 0);
    assert.deepEqual(
      completed().map(({ storeHead }) => storeHead),
      [{ sequence: 1, hash: worker.records.head.hash, entries: 4, unrecorded: 2 }],
    );
  }
  await using one = await start();
  await using two = await start();
  const [head] = await Promise.all([one.records.update(() => put('e')), one.records.update(() => put('f'))]);
  // The worker that made it is stopped, and so is its second entry: another one waits before it goes on.
  await write(audit, head as Head);
  const next = two.records.update(() => put('g'));
  await two.records.refresh();
  assert.equal(two.records.head.sequence, 2);
  await write(audit, head as Head);
  assert.equal((await next).sequence, 3);
  assert.equal(completed().length, 1, 'all of its entries came');
});

test('an older program whose commits have no entries is waited for once a minute, and hardly else', async (t) => {
  await using world = await openWorld();
  const { content, sealer, start, entries, audit } = world;
  let now = 0;
  t.mock.method(performance, 'now', () => now);
  const { lacking } = audit;
  const patience: number[] = [];
  audit.lacking = async (head, ms) => {
    const missing = await lacking.call(audit, head, 0);
    if (missing !== 0) patience.push(ms);
    return missing;
  };
  await using worker = await start();
  const apply = (): void => undefined;
  await using old = await openRecords({
    store: openMemoryStore(content),
    sealer,
    apply,
    newestHeadInLog: 0,
    headSeenByModule: 0,
  });
  for (const passed of [0, 2000, 40_000, 60_000, 2000]) {
    now += passed;
    // Without a record that says that there is to be none.
    await old.update(() => put('progress'));
    for (const name of ['mine', 'mine too']) await write(audit, await worker.records.update(() => put(name)));
  }
  assert.deepEqual(patience, [6000, 200, 200, 6000, 200]);
  assert.equal(entries().filter(({ operationName }) => operationName === 'StoreHeadCompleted').length, 5);
});

test('a commit without an entry is told of by whoever comes after it, while both are at work', async () => {
  await using world = await openWorld();
  const { start, entries, log } = world;
  await using one = await start();
  await using two = await start();
  const { hash } = await one.records.update(() => put('a'));
  await settleHead(log, two.records.named, 0);
  await two.records.refresh();
  await settleHead(log, two.records.named, 1);
  assert.equal((await two.records.update(() => put('b'))).sequence, 2);
  const [{ operationName, storeHead } = {}] = entries();
  assert.deepEqual([operationName, storeHead], ['StoreHeadCompleted', { sequence: 1, hash, unrecorded: 1 }]);
});
