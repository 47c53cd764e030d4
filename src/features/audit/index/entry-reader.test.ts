import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { entryReader } from './entry-reader.ts';
import { indexedEntry } from './indexed-entry.ts';
import { anyEntry } from './recorded-log.fixture.ts';

const own = fc.record({
  time: fc.constantFrom('2026-11-28T08:00:00.000Z', '2026-11-28T09:00:00.000Z', 'never', ''),
  id: fc.constantFrom('A-1', 'a-2', '', 'é', 'x\\"y', 'b"'),
  request: fc.constantFrom('r-1', 'r-2', 'R-3'),
  took: fc.constantFrom('1', '22', '0.5', '-1', '01', '1e3', 'null', '"7"'),
});
const shapes: readonly ((its: { time: string; id: string; request: string; took: string }) => string)[] = [
  ({ time, id, request, took }) =>
    `{"time":${JSON.stringify(time)},"durationMs":${took},"callerIpAddress":"10.0.0.1","correlationId":${JSON.stringify(id)},"properties":{"clientRequestId":"${request}"}}`,
  ({ time, id, took }) => `{"correlationId":${JSON.stringify(id)},"time":"${time}","durationMs":${took},"x":"y"}`,
  ({ time, id }) => `{"time":"${time}","properties":{"detail":{"correlationId":"${id}"},"clientRequestId":"r"}}`,
  ({ time, id, request }) =>
    `{"time":"${time}","correlationId":"${id}","correlationId":"A-1","clientRequestId":"${request}"}`,
  ({ time, id, request }) => `{"time":"${time}","correlationId":"${id}","n":${JSON.stringify(`,"time":"${request}"`)}}`,
  ({ time, id, request }) => `{"time":"${time}","correlationId":"${id}${request}`,
  ({ time, took }) => `{"time":"${time}","durationMs":${took}}`,
  ({ time }) => `{"operationName":"A","x":{"time":"${time}"},"properties":{}}`,
  ({ time }) => `{"time":"${time}","tim\\u0065":"2026-11-28T08:00:00.000Z","properties":{}}`,
];

test('for all entries, one after the other: what is remembered of those before changes nothing', () => {
  const entries = fc.oneof(
    fc.tuple(fc.constantFrom(...shapes), own).map(([shape, its]) => shape(its)),
    anyEntry.map((entry) => JSON.stringify(entry)),
  );
  const read = entryReader(({ facets, text }) => ({ facets, text }), 50);
  let remembered = 0;
  const seen = new Set<object>();
  fc.assert(
    fc.property(entries, (text) => {
      const bytes = Buffer.from(text);
      const { of, time, ids } = read(bytes);
      if (seen.has(of)) remembered += 1;
      seen.add(of);
      assert.deepEqual({ ...of, time, ids }, indexedEntry(bytes));
    }),
    { numRuns: 5_000 },
  );
  assert.ok(remembered > 50, String(remembered));
});
