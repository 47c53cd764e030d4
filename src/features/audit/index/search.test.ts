import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { openIndexWriter } from './catch-up.ts';
import { type AuditFilter, matcherOf, readFilter } from './filter.ts';
import { type IndexFile, type IndexPlace, openIndexFile } from './index-file.ts';
import { anyEntry, CALLERS, recordedLog, VERSIONS } from './recorded-log.fixture.ts';
import { type SearchRange, searchLog } from './search.ts';

type Entry = Readonly<Record<string, unknown>>;

const entries = fc.sample(anyEntry, { numRuns: 1_150, seed: 7 });

const filters: fc.Arbitrary<AuditFilter> = fc.record(
  {
    caller: fc.constantFrom(CALLERS[0] ?? '', (CALLERS[1] ?? '').toUpperCase(), 'ALICE@example.com', 'nobody'),
    key: fc.constantFrom('tde', 'TDE', 'Tde-2', 'APP-key', 'none'),
    version: fc.constantFrom(...VERSIONS),
    operation: fc.constantFrom('keysign', 'KeyCreate', 'KeyRotateIfDue'),
    outcome: fc.constantFrom<NonNullable<AuditFilter['outcome']>[]>('success', 'refused', 'failed', 403, 404),
    scope: fc.constantFrom('/', '/keys', '/keys/tde', '/keys/TDE-2'),
    since: fc.integer({ min: 0, max: 100 }).map((minute) => 1.79e12 + minute * 60_000),
    until: fc.integer({ min: 0, max: 110 }).map((minute) => 1.79e12 + minute * 60_000),
    text: fc.oneof(
      fc.constantFrom('sign?api', 'NoRole: NOTHING', 'same-id', 'same', 'App-', 'm-hsm'),
      fc.string({ minLength: 1, maxLength: 2 }),
      // Out of any entry, from the middle of a word to that of another, and an id.
      fc
        .tuple(fc.constantFrom(...entries), fc.nat(600), fc.integer({ min: 1, max: 60 }))
        .map(([entry, start, length]) => textOf(entry).slice(start, start + length))
        .filter((text) => text !== ''),
      fc.constantFrom(...entries).map((entry) => String(entry['correlationId'] ?? 'same-id').toUpperCase()),
    ),
  },
  { requiredKeys: [] },
);
const ranges: fc.Arbitrary<SearchRange> = fc.record(
  { order: fc.constantFrom('newest', 'oldest'), from: fc.nat(1_300), before: fc.nat(1_300) },
  { requiredKeys: ['order'] },
);

/** Of the index: all, nothing, and one chunk. */
const reads = fc.constantFrom(undefined, 0, 1);

function textOf(entry: Entry): string {
  const { correlationId: _, properties, time: __, ...rest } = entry as { properties: Entry } & Entry;
  const { clientRequestId: ___, ...others } = properties;
  const leaves = (value: unknown): readonly string[] =>
    typeof value === 'string' ? [value.toLowerCase()] : Object.values(Object(value) as object).flatMap(leaves);
  return leaves([rest, others]).join('\n');
}

/** Written out, and not by the matcher. */
function isMeant(entry: Entry, filter: AuditFilter): boolean {
  const low = (value: unknown): string => String(value ?? '').toLowerCase();
  const { claim = {} } = JSON.parse(String(entry['identity'] ?? '{}')) as { claim?: Record<string, { claims: Entry }> };
  const oid = claim['http_schemas_microsoft_com_identity']?.claims['objectidentifier'];
  const upn = claim['http_schemas_xmlsoap_org_ws_2005_05_identity']?.claims['upn'];
  // Whose object id is not known is nobody.
  const callers = oid === undefined ? [''] : [oid, claim['appid'], upn].map(low);
  const asked = new URL(String(entry['requestUri'] ?? 'https://x/')).pathname;
  const [, , name, version] = low(entry['key'] ?? asked).split('/');
  const status = Number(entry['httpStatusCode'] ?? 0);
  const outcome = entry['resultType'] === 'Success' ? 'success' : status < 500 ? 'refused' : 'failed';
  const { correlationId, properties, time } = entry as { properties: Entry; time: string } & Entry;
  const { clientRequestId } = properties;
  const { scope = '', since = 0, until = Number.MAX_VALUE, text } = filter;
  return [
    filter.caller === undefined || callers.includes(low(filter.caller)),
    filter.key === undefined || name === low(filter.key),
    filter.version === undefined || version === filter.version,
    filter.operation === undefined || low(entry['operationName']) === low(filter.operation),
    filter.outcome === undefined || outcome === filter.outcome || status === filter.outcome,
    scope === '' ||
      (scope === '/' && low(entry['scope']) !== '') ||
      `${low(entry['scope'])}/`.startsWith(`${low(scope)}/`),
    Date.parse(time) >= since && Date.parse(time) < until,
    text === undefined ||
      textOf(entry).includes(low(text)) ||
      [correlationId, clientRequestId].map(low).includes(low(text)),
  ].every(Boolean);
}

async function found(
  place: IndexPlace,
  index: IndexFile | undefined,
  filter: AuditFilter,
  range: SearchRange,
  mostRead?: number,
): Promise<number[]> {
  const all: number[] = [];
  for await (const { hits } of searchLog(place.folder, index, matcherOf(filter), range, undefined, mostRead))
    all.push(...hits.map((hit) => hit.index));
  return all;
}

function catchUp(place: IndexPlace, told: string[] = []): void {
  using writer = openIndexWriter(place, (what) => told.push(what));
  while (writer.step(50));
}

test('for all entries, filters and ranges: the index finds what a look at every entry finds, in order', async () => {
  using log = recordedLog();
  await log.record(entries.slice(0, 700));
  catchUp(log);
  using early = openIndexFile(log, true);
  await log.record(entries.slice(700));
  assert.equal(early.blocks(), 2, 'whole bundles are in it, and the rest is read from the log');
  await fc.assert(
    fc.asyncProperty(filters, ranges, fc.boolean(), reads, async (filter, range, isIndexed, mostRead) => {
      const { from = 0, before = 9_999 } = range;
      const wanted = entries.flatMap((entry, index) =>
        index >= from && index < before && isMeant(entry, filter) ? [index] : [],
      );
      if (range.order === 'newest') wanted.reverse();
      assert.deepEqual(await found(log, isIndexed ? early : undefined, filter, range, mostRead), wanted);
    }),
    { numRuns: 200 },
  );
});

test('what is beyond the bound of an index is read from the log, and nothing else is', async () => {
  using log = recordedLog();
  const named = (name: string) => ({ time: '2026-11-28T08:00:00Z', operationName: name, properties: {} });
  // 256 entries that are alike, then such as strangers make: no two are.
  await log.record(Array.from({ length: 256 }, () => named('KeySign')));
  await log.record(Array.from({ length: 512 }, (_, i) => named(`${'x'.repeat(1000)}${i}`)));
  catchUp(log);
  using index = openIndexFile(log, true);
  const readFor = async (text: string, mostRead?: number): Promise<number> => {
    let all = 0;
    const steps = searchLog(log.folder, index, matcherOf({ text }), { order: 'oldest' }, undefined, mostRead);
    for await (const { read } of steps) all += read;
    return all;
  };
  assert.equal(await readFor('absent'), 0);
  assert.equal(await readFor('absent', 1), 512, 'the first chunk has what most entries have');
  assert.equal(await readFor('absent', 0), 768);
});

test('a search pauses within a bundle, however long each of its entries takes', async (t) => {
  using log = recordedLog();
  await log.record(entries.slice(0, 300));
  catchUp(log);
  let clock = 0;
  t.mock.method(performance, 'now', () => clock);
  const matcher = matcherOf({});
  const slow = {
    ...matcher,
    matches: (...given: Parameters<typeof matcher.matches>) => {
      clock += 5;
      return matcher.matches(...given);
    },
  };
  using index = openIndexFile(log, true);
  for (const each of [index, undefined]) {
    let [begun, longest] = [clock, 0];
    const pause = (): Promise<void> => {
      longest = Math.max(longest, clock - begun);
      begun = clock;
      return Promise.resolve();
    };
    for await (const _ of searchLog(log.folder, each, slow, { order: 'newest' }, pause));
    // That of an entry, and of the last of the part of the log before it.
    assert.ok(longest <= 10, String(longest));
  }
});

test('what a worker in the hands of an attacker writes is found by the index as without it', async () => {
  using log = recordedLog();
  const status = { operationName: 'KeySign', resultType: 'Failed', properties: {} };
  const forged: readonly (object | string)[] = [
    { time: '2026-11-28T08:00:00Z', ...status, httpStatusCode: 2 ** 32 + 403 },
    { time: '2026-11-28T08:00:00Z', ...status, httpStatusCode: 403.5 },
    { time: '2026-11-28T08:00:00Z', ...status, httpStatusCode: 403 },
    { operationName: 'A', x: { time: 'first secret' }, properties: {} },
    { operationName: 'A', x: { time: 'second secret' }, properties: {} },
    ...['2026', '2025', '2024'].map(
      (year) => `{"time":"${year}-01-01T00:00:00Z","tim\\u0065":"2026-01-01T00:00:00Z","properties":{}}`,
    ),
  ];
  await log.record([...forged, ...entries.slice(0, 256 - forged.length)]);
  catchUp(log);
  using index = openIndexFile(log, true);
  const looks: readonly AuditFilter[] = [
    { outcome: 403 },
    { text: 'second secret' },
    { text: 'first secret' },
    { until: Date.UTC(2025, 5, 1) },
    { since: Date.UTC(2025, 11, 1), until: Date.UTC(2026, 0, 2) },
  ];
  for (const filter of looks) {
    const plain = await found(log, undefined, filter, { order: 'oldest' });
    assert.deepEqual(await found(log, index, filter, { order: 'oldest' }), plain, JSON.stringify(filter));
  }
  assert.deepEqual(await found(log, index, { text: 'second secret' }, { order: 'oldest' }), [4]);
});

test('a text of more than 250 letters is not looked for', () => {
  assert.equal(readFilter({ text: 'a'.repeat(250) }).text?.length, 250);
  assert.throws(() => readFilter({ text: 'a'.repeat(251) }), /^ShapeError: text must have 1 to 250 characters/);
});
