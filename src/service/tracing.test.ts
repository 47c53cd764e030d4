import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import type { Call } from '../http/call.ts';
import { done, MAX_SUPERVISION_FRAME } from '../links/messages.ts';
import { MOST_STAGES, MOST_TRACES, readTakenTraces } from '../links/worker-traces.ts';
import { readTraceparent, Tracing } from './tracing.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const SPAN = '00f067aa0ba902b7';

function call(traceparent?: string, startedAt = 10): Call {
  const headers = traceparent === undefined ? {} : { traceparent };
  return {
    request: { headers, method: 'GET' },
    startedAt,
    stageSince: startedAt + 5,
    row: undefined,
  } as unknown as Call;
}

test('traceparent is read as W3C has it; what does not read is as if it were not there', () => {
  assert.deepEqual(readTraceparent(`00-${TRACE}-${SPAN}-01`), { traceId: TRACE, spanId: SPAN, sampled: true });
  assert.equal(readTraceparent(`00-${TRACE}-${SPAN}-00`)?.sampled, false);
  assert.equal(readTraceparent(`00-${TRACE}-${SPAN}-03`)?.sampled, true, 'other flags say nothing of it');
  assert.equal(readTraceparent(`cc-${TRACE}-${SPAN}-01-what-comes-later`)?.traceId, TRACE);
  for (const bad of [
    undefined,
    '',
    `00-${TRACE}-${SPAN}`,
    `00-${TRACE}-${SPAN}-01-more`,
    `ff-${TRACE}-${SPAN}-01`,
    `00-${TRACE.toUpperCase()}-${SPAN}-01`,
    `00-${'0'.repeat(32)}-${SPAN}-01`,
    `00-${TRACE}-${'0'.repeat(16)}-01`,
    ` 00-${TRACE}-${SPAN}-01`,
    `cc-${TRACE}-${SPAN}-01x`,
    ['a'],
  ])
    assert.equal(readTraceparent(bad), undefined, String(bad));
});

test('nothing is traced before somebody asks, nor when nobody has asked for a while', () => {
  let now = 0;
  const tracing = new Tracing(() => now);
  const header = `00-${TRACE}-${SPAN}-01`;
  assert.equal(tracing.begin(call(header)), undefined);
  tracing.take(1);
  assert.ok(tracing.begin(call(header, 30_000)));
  assert.equal(tracing.begin(call(header, 30_001)), undefined);
  now = 40_000;
  tracing.take(0);
  assert.equal(tracing.begin(call(header, 40_001)), undefined);
});

test('a caller may keep its own from being traced; of others the share is traced that is wanted, the same as elsewhere', () => {
  const tracing = new Tracing(() => 0);
  tracing.take(0.25);
  const begun = (count: number, header: () => string | undefined): number =>
    Array.from({ length: count }, () => tracing.begin(call(header()))).filter((trace) => trace !== undefined).length;
  assert.equal(
    begun(100, () => `00-${randomBytes(16).toString('hex')}-${SPAN}-00`),
    0,
  );
  // Ids that are taken are those in the highest quarter: whoever judges by them elsewhere takes the same.
  for (const [last, taken] of [
    ['ffffffffffffff', true],
    ['c0000000000000', true],
    ['bfffffffffff00', false],
    ['00000000000000', false],
  ] as const)
    assert.equal(tracing.begin(call(`00-${TRACE.slice(0, 18)}${last}-${SPAN}-01`)) !== undefined, taken, last);
  const own = begun(4_000, () => undefined);
  assert.ok(own > 700 && own < 1_300, String(own));
});

test('what is taken has the place of each request in its trace, and what there is no room for is counted', () => {
  const tracing = new Tracing(() => 0);
  tracing.take(1);
  for (let n = 0; n < MOST_TRACES + 3; n++) {
    const each = call(`00-${TRACE}-${SPAN}-01`);
    const trace = tracing.begin(each);
    assert.ok(trace !== undefined);
    assert.match(trace.response, new RegExp(`^00-${TRACE}-[0-9a-f]{16}-01$`));
    for (let at = 0; at < MOST_STAGES + 2; at++) trace.passed('network', 12_345_678.123456789, 12_345_678.223456789);
    trace.end(
      { ...each, row: { operationName: 'R'.repeat(40) } } as unknown as Call,
      503,
      'RequestHeaderFieldsTooLarge',
    );
  }
  assert.equal(tracing.droppedSpans, 3 * (1 + MOST_STAGES));
  const taken = tracing.take(1);
  assert.equal(taken.traces.length, MOST_TRACES);
  assert.deepEqual(readTakenTraces(JSON.parse(JSON.stringify(taken)), 'traces'), taken);
  assert.ok(done.encode({ answer: taken }).length < MAX_SUPERVISION_FRAME);
  const [first] = taken.traces;
  assert.deepEqual([first?.traceId, first?.parentSpanId, first?.from, first?.to], [TRACE, SPAN, 10, 15]);
  assert.equal(tracing.take(1).traces.length, 0);
});
