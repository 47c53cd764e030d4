import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { metricTable, type Sample } from '../../formats/metric-table.ts';
import { OPERATION_NAMES } from '../../formats/operation-names.ts';
import { errorCodes } from '../../http/service-error.ts';
import { RequestFailed } from '../../links/link.ts';
import { done, MAX_SUPERVISION_FRAME } from '../../links/messages.ts';
import { packed, readWorkerMetrics, type WorkerMetrics } from '../../links/worker-metrics.ts';
import type { WatchedSample } from './exposition.ts';
import { openMetrics } from './metrics.ts';

interface Deployment {
  readonly [hsm: string]: readonly unknown[];
}

/** As the supervisor answers: undefined is a worker that did not tell in time, and a function one that tells something else. */
function open(deployment: Deployment, gauges: readonly WatchedSample[] = []): () => Promise<string> {
  const request = (_: unknown, { instance, at }: { instance: string; at: number }) => {
    const workers = deployment[instance];
    if (workers === undefined) return Promise.reject(new RequestFailed('Failed', 'it does not run'));
    const told = workers[at];
    const answer = typeof told === 'function' ? (told as () => unknown)() : told && packed(told as WorkerMetrics);
    return Promise.resolve({ worker: at, workers: workers.length, ...(answer === undefined ? {} : { told: answer }) });
  };
  const metrics = openMetrics({
    link: { request } as unknown as Parameters<typeof openMetrics>[0]['link'],
    instances: () => [
      { name: 'prod', activation: 'Active', workers: { ready: 1, wanted: 2 } },
      { name: 'stopped', activation: 'Stopped', workers: { ready: 0, wanted: 0 } },
      { name: 'hung', activation: 'Active', workers: { ready: 0, wanted: 1 } },
    ],
    gauges: () => gauges,
  });
  return async () => (await metrics.text()).text;
}

function worker(samples: readonly Sample[], more: Partial<WorkerMetrics> = {}): WorkerMetrics {
  return { epoch: randomUUID(), toldBefore: false, samples, histograms: [], ...more };
}

function lines(text: string, name: string): readonly string[] {
  return text.split('\n').filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `));
}

test('gauges of workers are summed or compared by the rule of the table, counters are summed', async () => {
  const of = (inFlight: number, partitions: number, recorder: number, margin: number, losses: number): WorkerMetrics =>
    worker([
      { name: 'strongroom_requests_in_flight', value: inFlight },
      { name: 'strongroom_module_partitions', value: partitions },
      { name: 'strongroom_recorder_up', value: recorder },
      { name: 'strongroom_custodian_margin', value: margin },
      { name: 'strongroom_module_partition_losses_total', value: losses },
    ]);
  const text = await open({ prod: [of(3, 2, 1, 1, 4), of(4, 2, 0, 1, 1)] })();
  for (const line of [
    'strongroom_requests_in_flight{hsm="prod"} 7',
    'strongroom_module_partitions{hsm="prod"} 4',
    'strongroom_recorder_up{hsm="prod"} 0',
    'strongroom_custodian_margin{hsm="prod"} 1',
    'strongroom_module_partition_losses_total{hsm="prod"} 5',
    'strongroom_instance_up{hsm="prod"} 1',
    'strongroom_instance_up{hsm="stopped"} 0',
    'strongroom_instance_up{hsm="hung"} 0',
    'strongroom_worker_up{hsm="prod",worker="1"} 1',
    '# TYPE strongroom_module_partition_losses_total counter',
  ])
    assert.ok(text.split('\n').includes(line), `${line}\n${text}`);
});

test('a histogram has cumulative buckets, a count and a sum', async () => {
  const counts = [1, 2, 0, 3, ...Array.from({ length: 13 }, () => 0)].with(16, 4);
  const histograms = [
    { name: 'strongroom_request_stage_seconds', labels: { stage: 'token' }, counts, sum: 1.5 } as const,
  ];
  const text = await open({ prod: [worker([], { histograms })] })();
  const buckets = lines(text, 'strongroom_request_stage_seconds_bucket').map((line) => line.split(' ').at(-1));
  assert.deepEqual(buckets, ['1', '3', '3', ...Array.from({ length: 13 }, () => '6'), '10']);
  assert.match(text, /_bucket\{hsm="prod",stage="token",le="\+Inf"\} 10/);
  assert.match(text, /_sum\{hsm="prod",stage="token"\} 1\.5/);
  assert.match(text, /_count\{hsm="prod",stage="token"\} 10/);
});

test('a worker that does not tell, or tells what the table does not have, is down; the others are told', async () => {
  const good = worker([{ name: 'strongroom_requests_in_flight', value: 1 }]);
  const saying =
    (...metrics: readonly unknown[]) =>
    () => ({ epoch: randomUUID(), toldBefore: false, metrics });
  for (const bad of [
    undefined,
    () => 'nonsense',
    saying({ name: 'strongroom_keys', rows: [[1, 'enabled', 'my-key']] }),
    saying({ name: 'strongroom_requests_in_flight', rows: [[1, 'my-key']] }),
    saying({ name: 'strongroom_requests_total', rows: [[1, 'KeyGet', 'success']] }),
    saying({ name: 'strongroom_requests_total', rows: [[1, '/keys/my-key', 'success', 'OK']] }),
    saying({ name: 'strongroom_requests_total', rows: [[1, 'the root of my_own', 'success', 'OK']] }),
    saying({ name: 'strongroom_requests_total', rows: [[1, 'KeyGet', 'success', 'a secret of my_own']] }),
    saying({ name: 'strongroom_grants', rows: [[1, 'my_own', 'all', 'never']] }),
    // What the watcher alone says.
    saying({ name: 'strongroom_instance_up', rows: [[1]] }),
    saying({ name: 'strongroom_worker_up', rows: [[1, '1']] }),
    saying({ name: 'strongroom_witness_signed_timestamp_seconds', rows: [[2e9]] }),
    ...['lag_entries', 'lag_seconds', 'refused_entries'].map((of) =>
      saying({ name: `strongroom_sink_${of}`, rows: [[0, 'my_own']] }),
    ),
    saying({ name: 'strongroom_alert_outlet_failing_seconds', rows: [[0, 'my_own']] }),
    saying({ name: 'strongroom_request_stage_seconds', rows: [[[1, 2], 'my_own']] }),
    saying({ name: 'strongroom_request_stage_seconds', rows: [[7, 'token']] }),
    saying({ name: 'my_own_metric', rows: [[1]] }),
    saying({ name: 'strongroom_requests_in_flight', rows: [[null]] }),
    saying({ name: 'strongroom_requests_in_flight', rows: ['1'] }),
  ]) {
    const text = await open({ prod: [good, bad] })();
    assert.deepEqual(lines(text, 'strongroom_worker_up'), [
      'strongroom_worker_up{hsm="prod",worker="0"} 1',
      'strongroom_worker_up{hsm="prod",worker="1"} 0',
    ]);
    assert.deepEqual(lines(text, 'strongroom_requests_in_flight'), ['strongroom_requests_in_flight{hsm="prod"} 1']);
    assert.ok(!text.includes('my-key') && !text.includes('my_own'));
  }
});

test('an operation or a code that there is not is told as other, and all of them as one', async () => {
  const row = (operation: string, code: string): Sample => ({
    name: 'strongroom_requests_total',
    labels: { operation, outcome: 'refused', code },
    value: 2,
  });
  const made = ['MyOwn', 'KeyOfAlice'].map((operation) => row(operation, 'Forbidden'));
  const text = await open({ prod: [worker([...made, row('KeyGet', 'MyOwn'), row('KeyGet', 'Forbidden')])] })();
  assert.deepEqual(lines(text, 'strongroom_requests_total').toSorted(), [
    'strongroom_requests_total{hsm="prod",operation="KeyGet",outcome="refused",code="Forbidden"} 2',
    'strongroom_requests_total{hsm="prod",operation="KeyGet",outcome="refused",code="other"} 2',
    'strongroom_requests_total{hsm="prod",operation="other",outcome="refused",code="Forbidden"} 4',
  ]);
});

test('all operations with all codes have room in one frame', () => {
  const operations = [...OPERATION_NAMES, 'Unknown'];
  const metrics = worker(
    operations.flatMap((operation) =>
      ['OK', ...Object.keys(errorCodes)].map((code) => ({
        name: 'strongroom_requests_total' as const,
        labels: { operation, outcome: 'refused', code },
        value: 1e9,
      })),
    ),
    {
      histograms: operations.map((operation) => ({
        name: 'strongroom_request_duration_seconds' as const,
        labels: { operation },
        counts: Array.from({ length: 17 }, () => 1e9),
        sum: 1e9 + 0.123456,
      })),
    },
  );
  const length = done.encode({ answer: packed(metrics) }).length;
  assert.ok(length < MAX_SUPERVISION_FRAME * 0.9, String(length));
  assert.deepEqual(readWorkerMetrics(JSON.parse(JSON.stringify(packed(metrics))), errorCodes), metrics);
});

test('names and help follow the conventions of Prometheus', () => {
  for (const [name, { type, help, labels = {} }] of Object.entries(metricTable)) {
    assert.match(name, /^strongroom_[a-z_]+[a-z]$/);
    assert.equal(name.endsWith('_total'), type === 'counter', name);
    if (type === 'histogram') assert.match(name, /_seconds$/);
    assert.match(help, /^[A-Z0-9].*\.$/, name);
    for (const label of Object.keys(labels)) assert.match(label, /^[a-z]+$/);
  }
});
