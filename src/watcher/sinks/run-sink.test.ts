import assert from 'node:assert/strict';
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { readPosition } from './kept-position.ts';
import { entryAt, logOf, movedClock } from './run-sink.fixture.ts';
import { type Clock, type SentLog, SinkRun, type SinkRunOptions } from './run-sink.ts';
import type { Delivery, LogEntry, Sink } from './sink.ts';
import { isBehind } from './sink-status.ts';

const root = mkdtempSync(join(tmpdir(), 'sinks-'));
after(() => rmSync(root, { recursive: true }));
let places = 0;
const newPath = (): string => join(root, String(places++), 'position.json');

type Answer = (entries: readonly LogEntry[], stopping: AbortSignal) => Delivery | Promise<Delivery>;

const TAKEN: Delivery = { outcome: 'taken' };

/** A receiver that keeps what it says it has taken. */
function receiver(answer: Answer = () => TAKEN) {
  const got: LogEntry[] = [];
  const batches: number[][] = [];
  let [opened, closed] = [0, 0];
  const open = (): Sink => {
    opened += 1;
    return {
      async send(entries, stopping) {
        batches.push(entries.map(({ index }) => index));
        const said = await answer(entries, stopping);
        if (said.outcome === 'taken') got.push(...entries);
        return said;
      },
      async [Symbol.asyncDispose]() {
        closed += 1;
      },
    };
  };
  return { got, batches, open, counts: () => ({ opened, closed }) };
}

function start(more: Partial<SinkRunOptions> & Pick<SinkRunOptions, 'log' | 'open'>): SinkRun {
  const clock = movedClock();
  return new SinkRun({ sink: { name: 'siem' }, path: newPath(), begin: () => 0, clock, ...more });
}

/** Lets the run go on until it holds. */
async function until(holds: () => boolean): Promise<void> {
  for (const end = performance.now() + 60_000; !holds(); ) {
    assert.ok(performance.now() < end, 'it does not come to that');
    await new Promise((resolve) => setImmediate(resolve));
  }
}

const entries = (count: number): Buffer[] => Array.from({ length: count }, (_, index) => entryAt(index));
const indices = (got: readonly LogEntry[]): number[] => got.map(({ index }) => index);
const upTo = (count: number, from = 0): number[] => Array.from({ length: count - from }, (_, i) => from + i);

test('a log is sent in order, whole, and goes on as it grows; its position is kept', async () => {
  const all = entries(10);
  const { got, open } = receiver();
  const path = newPath();
  await using run = start({ log: logOf(all), open, path });
  await until(() => got.length === 10);
  all.push(entryAt(10), entryAt(11));
  await until(() => run.status().next === 12);
  assert.deepEqual(indices(got), upTo(12));
  assert.ok(got.every(({ index, bytes }) => bytes.equals(all[index] as Buffer)));
  await until(() => readPosition(path)?.next === 12);
  const { behind, refused, lastFailure } = run.status();
  assert.deepEqual(
    { behind, refused, lastFailure },
    { behind: { entries: 0, seconds: 0 }, refused: 0, lastFailure: undefined },
  );
});

test('batches are bounded in number and in bytes, but for one entry by itself', async () => {
  const large = Array.from({ length: 40 }, (_, index) => entryAt(index, 'x'.repeat(64_000)));
  const { batches, got, open } = receiver();
  await using _ = start({ log: logOf(large, 40), open });
  await until(() => got.length === 40);
  assert.ok(batches.every(({ length }) => length <= 16));
  const many = receiver();
  await using __ = start({ log: logOf(entries(5000), 256), open: many.open });
  await until(() => many.got.length === 5000);
  assert.ok(many.batches.every(({ length }) => length <= 2048));
  assert.deepEqual(indices(many.got), upTo(5000));
});

test('between batches it rests for what others need of the machine, and not at all where they need nothing', async () => {
  for (const [load, age, rests] of [
    [0, 1, []],
    [0.125, 1, [250, 250]],
    [0.25, 1, [500, 500]],
    // The older they are the less, and from five minutes on not at all: who keeps the machine full keeps no entry here.
    [0.25, 70, [250, 250]],
    [0.25, 310, []],
    [1, 1, [2000, 2000]],
    [1, 70, []], // a second, which is what is paced by
    [1, 310, []],
  ] as const) {
    const clock = { ...movedClock(Date.UTC(2026, 10, 27, 0, 0, age)), load: () => load };
    const { got, open } = receiver();
    const alike = Array.from({ length: 5000 }, (_, index) => entryAt(0, String(index)));
    await using run = start({ log: logOf(alike, 256), open, clock });
    await until(() => got.length === 5000);
    await run[Symbol.asyncDispose]();
    assert.deepEqual(
      clock.paused.filter((ms) => ms !== 1_000),
      rests,
    );
  }
});

test('a receiver that is down is tried again ever later, up to five minutes, and the sink is opened anew each time', async () => {
  let isUp = false;
  const clock = movedClock();
  const { batches, got, open, counts } = receiver(() => (isUp ? TAKEN : { outcome: 'failed', why: 'is down' }));
  await using run = start({ log: logOf(entries(4)), open, clock });
  await until(() => batches.length >= 12);
  assert.deepEqual(
    clock.paused.slice(0, 11),
    [2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300].map((s) => s * 1000),
  );
  const status = run.status();
  assert.equal(status.lastFailure?.why, 'is down');
  assert.equal(status.behind.entries, 4);
  assert.ok(status.behind.seconds > 86_000, 'the oldest is of the day before');
  isUp = true;
  await until(() => got.length === 4);
  assert.ok(counts().opened >= 12 && counts().closed >= 11);
  await until(() => run.status().behind.entries === 0);
});

test('a receiver may put it off, and not for ever', async () => {
  const clock = movedClock();
  const waits = [30, 10_000_000];
  const { got, open } = receiver(() => {
    const retryAfter = waits.shift();
    return retryAfter === undefined ? TAKEN : { outcome: 'failed', why: 'answered 503', retryAfter };
  });
  await using _ = start({ log: logOf(entries(1)), open, clock });
  await until(() => got.length === 1);
  assert.deepEqual(clock.paused.slice(0, 2), [30_000, 3_600_000]);
});

test('an entry that is refused is passed over and named when the receiver takes a later one; all others arrive once', async () => {
  const poison = new Set([5, 6, 11]);
  const { got, open } = receiver((sent) =>
    sent.some(({ index }) => poison.has(index)) ? { outcome: 'refused', why: 'answered 413' } : TAKEN,
  );
  const path = newPath();
  await using run = start({ log: logOf(entries(20)), open, path });
  await until(() => run.status().next === 20);
  assert.deepEqual(
    indices(got).sort((a, b) => a - b),
    upTo(20).filter((index) => !poison.has(index)),
  );
  const { refused, latestRefusals } = run.status();
  assert.equal(refused, 3);
  assert.deepEqual(
    latestRefusals.map(({ first, count, why }) => [first, count, why]),
    [
      [5, 1, 'answered 413'],
      [6, 1, 'answered 413'],
      [11, 1, 'answered 413'],
    ],
  );
  await until(() => readPosition(path)?.refused === 3);
});

test('a receiver that refuses everything has failed: nothing is passed over, and all of it arrives when it is right again', async () => {
  let isRight = false;
  const { got, open, batches } = receiver(() => (isRight ? TAKEN : { outcome: 'refused', why: 'answered 400' }));
  await using run = start({ log: logOf(entries(300), 100), open });
  await until(() => batches.length > 500);
  assert.equal(run.status().next, 0);
  assert.match(
    run.status().lastFailure?.why ?? '',
    /refuses entry 0 and takes none of those that follow: answered 400/,
  );
  isRight = true;
  await until(() => run.status().next === 300);
  assert.deepEqual(
    [...new Set(indices(got))].sort((a, b) => a - b),
    upTo(300),
  );
  assert.equal(run.status().refused, 0);
});

test('a receiver that refuses everything is asked at its ease: so many entries an attempt, one after the other, and no more when it stops', async () => {
  const clock = movedClock();
  const attempts: number[] = [];
  let [alone, reads] = [0, 0];
  const { open } = receiver((sent) => {
    if (sent.length === 1) alone += 1;
    return { outcome: 'refused', why: 'answered 400' };
  });
  const whole = logOf(entries(12_000), 256);
  const log: SentLog = {
    ...whole,
    open(next) {
      const reader = whole.open(next);
      return { previous: () => reader.previous(), read: () => (reads++, reader.read()) };
    },
  };
  const counted: Clock = {
    now: () => clock.now(),
    load: () => clock.load(),
    pause(ms, stopping) {
      if (ms >= 1_000) attempts.push(alone);
      return clock.pause(ms, stopping);
    },
  };
  await using run = start({ log, open, clock: counted });
  await until(() => attempts.length === 12);
  const each = attempts.map((sum, at) => sum - (attempts[at - 1] ?? 0));
  assert.ok(Math.max(...each) <= 4_097, each.join(' '));
  assert.ok(reads < alone / 10, `${reads} reads for ${alone} entries`);
  assert.ok(clock.paused.filter((ms) => ms === 100).length >= alone - 12);
  await until(() => alone > (attempts.at(-1) ?? 0) + 50);
  const before = alone;
  await run[Symbol.asyncDispose]();
  assert.ok(alone <= before + 1, 'it goes on');
});

test('a longer run of entries that are refused holds up those behind it for a time only', async () => {
  const { got, open } = receiver((sent) =>
    sent.some(({ index }) => index >= 3 && index < 43) ? { outcome: 'refused', why: 'answered 413' } : TAKEN,
  );
  await using run = start({ log: logOf(entries(60)), open });
  await until(() => run.status().next === 60);
  assert.equal(run.status().refused, 40);
  assert.deepEqual([...new Set(indices(got))], [...upTo(3), ...upTo(60, 43)]);
});

test('what a receiver says it lost of a batch is counted, with the batch that they were in', async () => {
  const { open } = receiver(() => ({ outcome: 'taken', lost: { count: 2, why: 'partial success' } }));
  await using run = start({ log: logOf(entries(9), 9), open });
  await until(() => run.status().next === 9);
  const { refused, latestRefusals } = run.status();
  assert.equal(refused, 2);
  assert.deepEqual(
    latestRefusals.map(({ at: _, ...rest }) => rest),
    [{ first: 0, count: 2, why: 'partial success', among: 9 }],
  );
});

test('a position that cannot be read: all is sent again', async () => {
  for (const torn of ['', '{"format":"strongroom sink', '{"format":"of another program"}']) {
    const path = newPath();
    const first = receiver();
    await using before = start({ log: logOf(entries(4)), open: first.open, path });
    await until(() => readPositionIfWhole(path) === 4);
    await before[Symbol.asyncDispose]();
    writeFileSync(path, torn);
    const again = receiver();
    await using run = start({ log: logOf(entries(4)), open: again.open, path });
    await until(() => again.got.length === 4);
    assert.match(run.status().lastFailure?.why ?? '', /its position could not be read/);
  }
});

test('a log that is not the one that was sent is not gone on with', async () => {
  const path = newPath();
  const first = receiver();
  {
    await using _ = start({ log: logOf(entries(6)), open: first.open, path });
    await until(() => readPositionIfWhole(path) === 6);
  }
  const shorter = entries(4);
  const other = [...entries(5), Buffer.from('{"time":"of another"}'), entryAt(6)];
  for (const [log, why] of [
    [shorter, /the log ends before entry 5, which it had/],
    [other, /entry 5 is not the one that it was/],
  ] as const) {
    const { got, open } = receiver();
    await using run = start({ log: logOf(log), open, path });
    await until(() => why.test(run.status().lastFailure?.why ?? ''));
    assert.equal(got.length, 0);
  }
  const { got, open } = receiver();
  await using _ = start({ log: logOf(entries(8)), open, path });
  await until(() => got.length === 2);
  assert.deepEqual(indices(got), [6, 7]);
});

test('a log that is exchanged while it is sent, or held, is not gone on with', async () => {
  const other = (count: number): Buffer[] => Array.from({ length: count }, (_, index) => entryAt(index, 'other'));
  for (const [now, why] of [
    [other(15), /entry 9 is not the one that it was/],
    [other(4), /the log ends before entry 9, which it had/],
  ] as const) {
    const all = entries(10);
    const { got, open } = receiver();
    await using run = start({ log: logOf(all), open });
    await until(() => got.length === 10);
    all.splice(0, all.length, ...now);
    await until(() => why.test(run.status().lastFailure?.why ?? ''));
    assert.equal(got.length, 10);
    // What is told of it says so, for as long as it is so.
    await until(() => run.status().behind.seconds > 60);
    assert.ok(isBehind(run.status()));
    all.splice(0, all.length, ...entries(12));
    await until(() => run.status().next === 12);
    assert.ok(!isBehind(run.status()));
    assert.deepEqual(indices(got), upTo(12));
  }
  // What was read and not sent may have been exchanged alone.
  const all = entries(3);
  let isUp = false;
  const { got, open, batches } = receiver(() => (isUp ? TAKEN : { outcome: 'failed', why: 'is down' }));
  await using run = start({ log: logOf(all), open });
  await until(() => batches.length > 2);
  all.splice(1, all.length, ...other(6).slice(1));
  await until(() => /entry 2 is not the one that it was/.test(run.status().lastFailure?.why ?? ''));
  isUp = true;
  await until(() => got.length === 6);
  assert.deepEqual(
    got.map(({ bytes }) => bytes),
    [entryAt(0), ...other(6).slice(1)],
  );
});

test('a position that cannot be kept stops the sending, and nothing is sent twice for it', async () => {
  const folder = join(root, String(places++));
  writeFileSync(folder, 'no folder');
  const { got, open } = receiver();
  await using run = start({ log: logOf(entries(3)), open, path: join(folder, 'position.json') });
  await until(() => /its position cannot be kept: (EEXIST|ENOTDIR)/.test(run.status().lastFailure?.why ?? ''));
  assert.equal(got.length, 0);
  rmSync(folder);
  await until(() => got.length === 3);
});

test('it stops while a receiver is silent, and while it waits', async () => {
  const asked = Promise.withResolvers<void>();
  const silent = receiver((_, stopping) => {
    asked.resolve();
    return new Promise((resolve) => {
      stopping.addEventListener('abort', () => resolve({ outcome: 'failed', why: 'was stopped' }));
    });
  });
  {
    await using run = start({ log: logOf(entries(1)), open: silent.open });
    await asked.promise;
    await run[Symbol.asyncDispose]();
    assert.equal(run.status().lastFailure, undefined);
  }
  assert.deepEqual(silent.counts(), { opened: 1, closed: 1 });
});

function readPositionIfWhole(path: string): number | undefined {
  return existsSync(path) ? readPosition(path)?.next : undefined;
}

/** What the receiver does to one batch. */
type Act =
  | { readonly kind: 'takes' }
  | { readonly kind: 'fails' | 'refuses' }
  /** It keeps the first of them, and its answer is not heard. */
  | { readonly kind: 'breaks off'; readonly after: number }
  /** It keeps all, and the watcher dies before it can say so anywhere. */
  | { readonly kind: 'crash' }
  /** So, and of the files of before the machine has lost the newest names. */
  | { readonly kind: 'power failure' };

const act: fc.Arbitrary<Act> = fc.oneof(
  { weight: 4, arbitrary: fc.constant<Act>({ kind: 'takes' }) },
  { weight: 2, arbitrary: fc.constantFrom<Act>({ kind: 'fails' }, { kind: 'refuses' }) },
  { weight: 2, arbitrary: fc.nat(20).map((most): Act => ({ kind: 'breaks off', after: most })) },
  { weight: 2, arbitrary: fc.constantFrom<Act>({ kind: 'crash' }, { kind: 'power failure' }) },
);

const history = fc.record({
  count: fc.integer({ min: 1, max: 60 }),
  step: fc.integer({ min: 1, max: 30 }),
  poison: fc.uniqueArray(fc.nat(58), { maxLength: 6 }),
  acts: fc.array(act, { maxLength: 60 }),
});

test('for all histories of receiver and watcher: what arrived, each once, is the log, but for what is named as refused', async () => {
  await fc.assert(
    fc.asyncProperty(history, async ({ count, step, poison, acts }) => {
      // The last is one that every receiver takes: nothing tells it from a receiver that refuses all.
      const all = entries(count + 1);
      const bad = new Set(poison.filter((index) => index < count));
      const kept = new Map<number, Buffer>();
      const keep = (sent: readonly LogEntry[]): void => {
        for (const { index, bytes } of sent) kept.set(index, bytes);
      };
      const left = [...acts];
      const died = { now: Promise.withResolvers<Act>() };
      const answer: Answer = async (sent, stopping) => {
        const next: Act = left.shift() ?? { kind: 'takes' };
        if (next.kind === 'refuses' || (next.kind === 'takes' && sent.some(({ index }) => bad.has(index)))) {
          return { outcome: 'refused', why: 'answered 413' };
        }
        if (next.kind === 'fails') return { outcome: 'failed', why: 'is down' };
        const good = sent.filter(({ index }) => !bad.has(index));
        keep(next.kind === 'breaks off' ? good.slice(0, next.after) : good);
        if (next.kind === 'takes') return TAKEN;
        if (next.kind === 'breaks off') return { outcome: 'failed', why: 'broke off' };
        died.now.resolve(next);
        return new Promise((resolve) => {
          stopping.addEventListener('abort', () => resolve({ outcome: 'failed', why: 'was stopped' }));
        });
      };
      const path = newPath();
      const named = new Set<number>();
      const clock: Clock = movedClock();
      for (;;) {
        died.now = Promise.withResolvers();
        await using run = new SinkRun({
          sink: { name: 'siem' },
          log: logOf(all, step),
          path,
          begin: () => 0,
          open: receiver(answer).open,
          clock,
        });
        let death: Act | undefined;
        void died.now.promise.then((how) => {
          death = how;
        });
        await until(() => death !== undefined || run.status().next === all.length);
        await run[Symbol.asyncDispose]();
        for (const { first } of run.status().latestRefusals) named.add(first);
        if (death === undefined) break;
        const older = `${path}.older`;
        if (death.kind === 'power failure' && existsSync(older)) copyFileSync(older, path);
        else if (existsSync(path)) writeFileSync(older, readFileSync(path));
      }
      for (const [index, bytes] of all.entries()) {
        if (bad.has(index)) assert.ok(named.has(index) && !kept.has(index), `${index} was lost silently`);
        else assert.ok(kept.get(index)?.equals(bytes) === true || named.has(index), `${index} is nowhere`);
      }
      if (!acts.some(({ kind }) => kind === 'refuses')) assert.deepEqual(named, bad);
    }),
    { numRuns: 60 },
  );
});
