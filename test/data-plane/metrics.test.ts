// What a worker tells of its figures: counted right, by labels that the table has, and with nothing in it that names a key or a caller.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { builtInRoles } from '../../src/features/roles/built-in-roles.ts';
import { type MetricName, ROLES } from '../../src/formats/metric-table.ts';
import { errorCodes } from '../../src/http/service-error.ts';
import { packed, readWorkerMetrics, type WorkerMetrics } from '../../src/links/worker-metrics.ts';
import { readTakenTraces } from '../../src/links/worker-traces.ts';
import { type RunningInstance, startRunningInstance } from '../support/running-instance.ts';

let instance: RunningInstance;
before(async () => {
  instance = await startRunningInstance();
});
after(() => instance[Symbol.asyncDispose]());

async function told(): Promise<WorkerMetrics> {
  const metrics = await instance.service.metrics();
  // As it comes over the link, where what the table does not have is refused.
  return readWorkerMetrics(JSON.parse(JSON.stringify(packed(metrics))), errorCodes);
}

function valueOf({ samples }: WorkerMetrics, name: MetricName, labels: Readonly<Record<string, string>> = {}): number {
  const found = samples.filter(
    (each) => each.name === name && Object.entries(labels).every(([label, value]) => each.labels?.[label] === value),
  );
  return found.reduce((sum, { value }) => sum + value, 0);
}

const requests = (metrics: WorkerMetrics, labels: Readonly<Record<string, string>>): number =>
  valueOf(metrics, 'strongroom_requests_total', labels);

test('requests are counted by operation, outcome and code, and each is in the histograms once', async () => {
  await instance.activate();
  const user = randomUUID();
  await instance.assign('Managed HSM Crypto User', user);
  const token = await instance.issuer.token(user);
  const before = await told();
  const ask = (method: string, path: string, body?: unknown) =>
    instance.ask(method, `${path}?api-version=7.6`, { token, ...(body === undefined ? {} : { body }) });
  assert.equal((await ask('POST', '/keys/metered/create', { kty: 'oct-HSM', key_size: 256 })).status, 200);
  for (let n = 0; n < 3; n++) assert.equal((await ask('GET', '/keys/metered')).status, 200);
  assert.equal((await ask('GET', '/keys/nothere')).status, 404);
  assert.equal((await instance.ask('GET', '/keys/metered?api-version=7.6')).status, 401);
  assert.equal((await ask('GET', '/nothing/like/it')).status, 404);
  const after = await told();
  const more = (labels: Readonly<Record<string, string>>): number => requests(after, labels) - requests(before, labels);
  assert.equal(more({ operation: 'KeyCreate', outcome: 'success', code: 'OK' }), 1);
  assert.equal(more({ operation: 'KeyGet', outcome: 'success' }), 3);
  assert.equal(more({ operation: 'KeyGet', outcome: 'refused', code: 'KeyNotFound' }), 1);
  assert.equal(more({ operation: 'KeyGet', outcome: 'refused', code: 'Unauthorized' }), 1);
  assert.equal(more({ operation: 'Unknown', outcome: 'refused', code: 'NotFound' }), 1);
  assert.equal(more({ outcome: 'failed' }), 0);

  const durations = (metrics: WorkerMetrics, operation: string): number =>
    metrics.histograms
      .filter(
        ({ name, labels }) => name === 'strongroom_request_duration_seconds' && labels?.['operation'] === operation,
      )
      .flatMap(({ counts }) => counts)
      .reduce((sum, each) => sum + each, 0);
  assert.equal(durations(after, 'KeyGet') - durations(before, 'KeyGet'), 5);
  assert.equal(valueOf(after, 'strongroom_requests_in_flight'), 0);
});

test('the stages of all requests together are as long as the requests', async () => {
  const { histograms } = await told();
  const sum = (name: MetricName): number =>
    histograms.filter((each) => each.name === name).reduce((total, each) => total + each.sum, 0);
  const [stages, whole] = [sum('strongroom_request_stage_seconds'), sum('strongroom_request_duration_seconds')];
  assert.ok(whole > 0);
  assert.ok(Math.abs(stages - whole) < whole * 1e-9, `${stages} of ${whole}`);
});

test('grants are told by the roles that there are', () => {
  const builtIn = builtInRoles.map(({ roleName }) => roleName.replace(/^Managed HSM /, '').toLowerCase());
  assert.deepEqual([...ROLES].sort(), [...builtIn, 'custom'].sort());
});

test('an instance tells what it knows of keys, grants and custodians, certificate and token keys', async () => {
  const metrics = await told();
  assert.equal(valueOf(metrics, 'strongroom_keys', { state: 'enabled', age: '30d' }), 1);
  assert.equal(
    valueOf(metrics, 'strongroom_grants', { role: 'crypto user', scope: 'keys', ends: 'never' }) +
      valueOf(metrics, 'strongroom_grants', { role: 'crypto user', scope: 'all', ends: 'never' }),
    1,
  );
  assert.equal(valueOf(metrics, 'strongroom_grants', { role: 'administrator' }), 1);
  // Whether the three of the download have shown their shares: none has.
  assert.equal(valueOf(metrics, 'strongroom_custodians_required'), 2);
  assert.equal(valueOf(metrics, 'strongroom_custodian_margin'), -2);
  const now = Date.now() / 1000;
  assert.ok(valueOf(metrics, 'strongroom_certificate_expiry_timestamp_seconds') > now);
  const readAt = valueOf(metrics, 'strongroom_token_keys_read_timestamp_seconds', { issuer: '0' });
  assert.ok(readAt > now - 600 && readAt <= now, String(readAt));
  assert.ok(valueOf(metrics, 'strongroom_rehearsal_due_timestamp_seconds', { depth: 'full' }) > now);
  assert.equal(
    valueOf(metrics, 'strongroom_module_partitions'),
    valueOf(metrics, 'strongroom_module_partitions_wanted'),
  );
  assert.equal(valueOf(metrics, 'strongroom_recorder_up'), 1);
  assert.ok(valueOf(metrics, 'strongroom_process_resident_memory_bytes', { process: 'service' }) > 1e6);
});

test('nothing told names a key, a caller, an address, or an id of a grant', async () => {
  const caller = randomUUID();
  const token = await instance.issuer.token(caller);
  await instance.ask('GET', '/keys/very-secret-name?api-version=7.6', { token });
  const text = JSON.stringify(await told());
  for (const word of [
    'metered',
    'very-secret-name',
    caller,
    instance.administrator,
    '127.0.0.1',
    instance.issuer.issuer,
  ])
    assert.ok(!text.includes(word), word);
});

test('counters begin again with the worker, and say so', async () => {
  const [first, again] = [await told(), await told()];
  assert.equal(first.epoch, again.epoch);
  assert.equal(again.toldBefore, true);
  await instance.restart();
  const anew = await told();
  assert.notEqual(anew.epoch, first.epoch);
  assert.equal(anew.toldBefore, false);
  assert.equal(requests(anew, {}), 0);
});

test('a traced request is told with its stages, in the trace of its caller, who is told of its span', async () => {
  const { service } = instance;
  const token = await instance.adminToken();
  const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
  const ask = async (): Promise<unknown> => {
    const headers = { traceparent };
    const { headers: answered } = await instance.ask('GET', '/settings?api-version=7.6', { token, headers });
    return answered['traceresponse'];
  };
  assert.equal(await ask(), undefined, 'nobody wants traces');
  service.traces(1);
  const response = String(await ask());
  const [, traceId, spanId] = response.split('-');
  assert.equal(traceId, '4bf92f3577b34da6a3ce929d0e0e4736');
  const { traces } = readTakenTraces(JSON.parse(JSON.stringify(service.traces(0))), 'traces');
  const [trace] = traces;
  assert.equal(traces.length, 1);
  assert.deepEqual([trace?.spanId, trace?.parentSpanId, trace?.status], [spanId, '00f067aa0ba902b7', 200]);
  assert.deepEqual(
    trace?.stages.map(([stage]) => stage),
    ['network', 'token', 'roles', 'module', 'record', 'answer'],
  );
  const times = trace?.stages.flatMap(([, from, to]) => [from, to]) ?? [];
  assert.deepEqual(
    times,
    times.toSorted((a, b) => a - b),
  );
  assert.deepEqual([times[0], times.at(-1)], [trace?.from, trace?.to]);
  assert.equal(await ask(), undefined, 'they are wanted no more');
});
