import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { openIndexWriter } from './catch-up.ts';
import { type AuditFilter, matcherOf } from './filter.ts';
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
): Promise<number[]> {
  const all: number[] = [];
  for await (const { hits } of searchLog(place.folder, index, matcherOf(filter), range))
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
    fc.asyncProperty(filters, ranges, fc.boolean(), async (filter, range, isIndexed) => {
      const { from = 0, before = 9_999 } = range;
      const wanted = entries.flatMap((entry, index) =>
        index >= from && index < before && isMeant(entry, filter) ? [index] : [],
      );
      if (range.order === 'newest') wanted.reverse();
      assert.deepEqual(await found(log, isIndexed ? early : undefined, filter, range), wanted);
    }),
    { numRuns: 200 },
  );
});
