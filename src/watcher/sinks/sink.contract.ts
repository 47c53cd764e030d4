// What every kind of sink must do; each runs this suite over itself, with a receiver of its own.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { entryAt } from './run-sink.fixture.ts';
import type { Delivery, LogEntry, Sink } from './sink.ts';

export interface Receiver extends AsyncDisposable {
  /** To this receiver, as it is configured. @throws SinkError */
  open(): Sink;
  /** All that it has, in the order in which it came. */
  received(): Promise<readonly { readonly index: number; readonly bytes: Buffer }[]>;
  /** From now on; `right`: as it was. */
  becomes(state: string): Promise<void>;
  /** In no text of a failure. */
  readonly secrets: readonly string[];
}

type Received = Awaited<ReturnType<Receiver['received']>>;

/** @param wrong states in which it takes nothing, with what is said of it; `silent` is one that never answers */
export function sinkContract(
  kind: string,
  wrong: Readonly<Record<string, RegExp>>,
  withReceiver: (use: (receiver: Receiver) => Promise<void>) => Promise<void>,
): void {
  const rule = (name: string, check: (receiver: Receiver) => Promise<void>): void => {
    test(`${kind}: ${name}`, () => withReceiver(check));
  };

  rule(
    'what it takes has arrived, whole and in order: one, many, the largest, and what is no entry of ours',
    async (receiver) => {
      await using sink = receiver.open();
      const texts = [
        '{}',
        'no JSON at all',
        '{"time":"2026-11-27T00:00:00.000Z","text":"\\u0000 \\n ] \\" \\\\ é 鍵 🔑"}',
        '<13>1 - - - - - - 5 looks like a frame',
        'x'.repeat(65_535),
      ];
      const odd = texts.map((text, at): LogEntry => ({ index: at, bytes: Buffer.from(text) }));
      const many = Array.from(
        { length: 500 },
        (_, at): LogEntry => ({ index: 5 + at, bytes: entryAt(at, 'é'.repeat(at)) }),
      );
      await takes(sink, odd);
      await takes(sink, many.slice(0, 1));
      await takes(sink, many.slice(1));
      same(await receiver.received(), [...odd, ...many]);
    },
  );

  rule('the same entries may come again', async (receiver) => {
    await using sink = receiver.open();
    const entries = some(0, 3);
    await takes(sink, entries);
    await takes(sink, entries);
    same(eachOnce(await receiver.received()), entries);
  });

  for (const [state, why] of Object.entries(wrong)) {
    rule(
      `${state}: nothing counts as taken, the reason holds no secret, and it goes on when that is over`,
      async (receiver) => {
        await receiver.becomes(state);
        const said = await unlessUnopened(() => sendUntil(receiver, some(0, 3)));
        assert.notEqual(said.outcome, 'taken');
        assert.ok(said.outcome !== 'taken' && why.test(said.why), said.outcome === 'taken' ? '' : said.why);
        for (const secret of receiver.secrets) assert.ok(!JSON.stringify(said).includes(secret), 'a secret is told');
        await receiver.becomes('right');
        await using sink = receiver.open();
        await takes(sink, some(0, 3));
        same(eachOnce(await receiver.received()), some(0, 3));
      },
    );
  }
}

/** Whether it knows what it has, and takes it once, is the kind's own affair. */
function eachOnce(got: Received): Received {
  return got.filter(({ index }, at) => got.findIndex((each) => each.index === index) === at);
}

const some = (first: number, count: number): readonly LogEntry[] =>
  Array.from({ length: count }, (_, at) => ({ index: first + at, bytes: entryAt(first + at) }));

async function takes(sink: Sink, entries: readonly LogEntry[]): Promise<void> {
  assert.deepEqual(await sink.send(entries, new AbortController().signal), { outcome: 'taken' });
}

/** Given up where nothing is said: that it stops is part of it. */
async function sendUntil(receiver: Receiver, entries: readonly LogEntry[]): Promise<Delivery> {
  await using sink = receiver.open();
  const stopping = new AbortController();
  const silence = setTimeout(() => stopping.abort(), 2_000);
  try {
    return await sink.send(entries, stopping.signal);
  } finally {
    clearTimeout(silence);
  }
}

/** As the engine takes it. */
async function unlessUnopened(send: () => Promise<Delivery>): Promise<Delivery> {
  try {
    return await send();
  } catch (error) {
    assert.equal((error as Error).name, 'SinkError');
    return { outcome: 'failed', why: (error as Error).message };
  }
}

function same(got: Received, wanted: readonly LogEntry[]): void {
  assert.deepEqual(
    got.map(({ index, bytes }) => [index, bytes.toString('utf8')]),
    wanted.map(({ index, bytes }) => [index, bytes.toString('utf8')]),
  );
}
