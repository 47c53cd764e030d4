import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import type { WorkerMetrics } from '../../links/worker-metrics.ts';
import { Counted } from './counted.ts';

const LABELS = { operation: 'KeyGet', outcome: 'success', code: 'OK' };

function said(epoch: string, value: number, toldBefore: boolean, counts: readonly number[] = [value]): WorkerMetrics {
  return {
    epoch,
    toldBefore,
    samples: [
      { name: 'strongroom_requests_total', labels: LABELS, value },
      { name: 'strongroom_requests_in_flight', value: 7 },
    ],
    histograms: [{ name: 'strongroom_request_stage_seconds', labels: { stage: 'token' }, counts, sum: value / 2 }],
  };
}

function figuresOf(counted: Counted, name: string): readonly number[] {
  return counted.all.filter((each) => each.name === name).flatMap(({ figures }) => figures);
}

test('workers are summed, and a sum does not fall when one ends, begins anew, or does not answer', () => {
  const [first, second, third] = [randomUUID(), randomUUID(), randomUUID()];
  const counted = new Counted();
  const take = (...metrics: WorkerMetrics[]): readonly number[] => {
    counted.take(metrics.map((each) => ({ hsm: 'prod', metrics: each })));
    return figuresOf(counted, 'strongroom_requests_total');
  };
  assert.deepEqual(take(said(first, 10, false), said(second, 5, false)), [15]);
  assert.deepEqual(take(said(first, 12, true)), [17], 'the second does not answer');
  assert.deepEqual(take(said(first, 12, true), said(second, 6, true)), [18], 'and goes on');
  assert.deepEqual(take(said(second, 6, true), said(third, 2, false)), [20], 'the first has ended, another has begun');
  assert.deepEqual(figuresOf(counted, 'strongroom_request_stage_seconds'), [20, 10]);
  assert.deepEqual(counted.all[0]?.labels, { hsm: 'prod', ...LABELS });
});

test('a watcher that begins anew does not tell again what another was told', () => {
  const [old, young] = [randomUUID(), randomUUID()];
  const counted = new Counted();
  const take = (...metrics: WorkerMetrics[]): void =>
    counted.take(metrics.map((each) => ({ hsm: 'prod', metrics: each })));
  take(said(old, 1_000_000, true), said(young, 3, false));
  assert.deepEqual(figuresOf(counted, 'strongroom_requests_total'), [3]);
  take(said(old, 1_000_004, true), said(young, 3, true));
  assert.deepEqual(figuresOf(counted, 'strongroom_requests_total'), [7]);
});

test('for all ways in which workers count, end and are asked, what was told is counted once, and no more', () => {
  const step = fc.record({ at: fc.nat(2), more: fc.nat(5), act: fc.constantFrom('count', 'restart', 'ask') });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const fresh = () => ({ epoch: randomUUID(), value: 0, told: 0, toldBefore: false });
      const workers = Array.from({ length: 3 }, fresh);
      const counted = new Counted();
      let expected = 0;
      for (const { at, more, act } of [...steps, { at: 0, more: 0, act: 'ask' }]) {
        const worker = workers[at] as ReturnType<typeof fresh>;
        if (act === 'count') worker.value += more;
        else if (act === 'restart') workers[at] = fresh();
        else {
          counted.take(
            workers.map(({ epoch, value, toldBefore }) => ({ hsm: 'x', metrics: said(epoch, value, toldBefore) })),
          );
          for (const each of workers) {
            expected += each.value - each.told;
            Object.assign(each, { told: each.value, toldBefore: true });
          }
          assert.deepEqual(figuresOf(counted, 'strongroom_requests_total'), [expected]);
        }
      }
    }),
  );
});

test('an instance whose workers make up names has no more series for that, and takes none of others', () => {
  const counted = new Counted();
  const letters = (nth: number): string => [...String(nth)].map((digit) => 'abcdefghij'[Number(digit)]).join('');
  let made = 0;
  const makeUp = (): WorkerMetrics => {
    const samples = Array.from({ length: 3_000 }, () => ({
      name: 'strongroom_requests_total' as const,
      labels: { ...LABELS, operation: letters(made++) },
      value: 1,
    }));
    return { epoch: randomUUID(), toldBefore: false, samples, histograms: [] };
  };
  for (let round = 0; round < 5; round++) {
    counted.take([
      { hsm: 'bad', metrics: makeUp() },
      { hsm: 'good', metrics: said(randomUUID(), 1, false) },
    ]);
  }
  const of = (hsm: string): number => counted.all.filter(({ labels }) => labels['hsm'] === hsm).length;
  assert.deepEqual([of('bad'), of('good')], [4_000, 2]);
  assert.equal(counted.all.find(({ labels }) => labels['hsm'] === 'good')?.figures[0], 5);
});
