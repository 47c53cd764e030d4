import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { readTraces } from '../../deployment/traces.ts';
import type { FinishedTrace } from '../../links/worker-traces.ts';
import { spanCount, tracesRequest } from './otlp-traces.ts';
import { openTraces } from './traces.ts';

const ORIGIN = 1_800_000_000_000.25;

function finished(less: Partial<FinishedTrace> = {}): FinishedTrace {
  return {
    traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
    spanId: '00f067aa0ba902b7',
    parentSpanId: 'b7ad6b7169203331',
    operation: 'KeySign',
    method: 'POST',
    status: 200,
    code: 'OK',
    from: 10,
    to: 12.5,
    stages: [
      ['token', 10, 10.5],
      ['module', 10.5, 12.5],
    ],
    ...less,
  };
}

interface Span {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: number;
  readonly endTimeUnixNano: string;
  readonly status?: object;
  readonly attributes?: readonly { readonly key: string; readonly value: object }[];
}

function spansOf(request: string): readonly Span[] {
  const { resourceSpans } = JSON.parse(request) as {
    readonly resourceSpans: readonly { readonly scopeSpans: readonly { readonly spans: readonly Span[] }[] }[];
  };
  return resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans));
}

test('a request is a span of a server, with one below it for each stage, in the JSON of OTLP', () => {
  const workers = [{ hsm: 'prod', worker: 1, timeOrigin: ORIGIN, traces: [finished()] }];
  const [request, token, module] = spansOf(tracesRequest(workers));
  assert.ok(request !== undefined && token !== undefined && module !== undefined);
  const { attributes = [], ...span } = request;
  assert.deepEqual(span, {
    traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
    spanId: '00f067aa0ba902b7',
    parentSpanId: 'b7ad6b7169203331',
    name: 'KeySign',
    kind: 2,
    startTimeUnixNano: '1800000000010250000',
    endTimeUnixNano: '1800000000012750000',
    status: {},
  });
  assert.deepEqual(
    attributes.map(({ key, value }) => [key, ...(Object.values(value) as readonly unknown[])]),
    [
      ['http.request.method', 'POST'],
      ['http.response.status_code', '200'],
      ['strongroom.operation', 'KeySign'],
      ['strongroom.result', 'OK'],
    ],
  );
  assert.deepEqual(
    [token, module].map(({ name, kind, parentSpanId }) => [name, kind, parentSpanId]),
    [
      ['token', 1, '00f067aa0ba902b7'],
      ['module', 1, '00f067aa0ba902b7'],
    ],
  );
  assert.equal(new Set([request, token, module].map(({ spanId }) => spanId)).size, 3);
  assert.equal(module.endTimeUnixNano, request.endTimeUnixNano);
  assert.equal(spanCount(workers), 3);
});

test('what failed is an error, what was refused is none', () => {
  const traces = [
    finished({ status: 503, code: 'ServiceUnavailable' }),
    finished({ status: 403, code: 'AccessDenied' }),
  ];
  const spans = spansOf(tracesRequest([{ hsm: 'prod', worker: 0, timeOrigin: ORIGIN, traces }]));
  assert.deepEqual(
    spans.filter(({ kind }) => kind === 2).map(({ status }) => status),
    [{ code: 2 }, {}],
  );
});

test('traces are sent as they are taken; what a receiver does not take is dropped and counted', async () => {
  const got: { path: string | undefined; type: string | undefined; spans: number }[] = [];
  let status = 200;
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => (body += String(chunk)));
    request.on('end', () => {
      got.push({
        path: request.url,
        type: request.headers['content-type'],
        spans: spansOf(body).length,
      });
      // Where it points to is no target of the configuration.
      response.writeHead(status, { location: '/elsewhere' }).end('{}');
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  await using stack = new AsyncDisposableStack();
  stack.defer(() => void server.close());
  const { port } = server.address() as AddressInfo;
  let looks: PromiseWithResolvers<void>[] = [];
  const asked: unknown[] = [];
  const next = async (): Promise<void> => {
    const look = Promise.withResolvers<void>();
    looks.push(look);
    await look.promise;
  };
  let wake = (): void => {};
  let told: unknown = { timeOrigin: ORIGIN, traces: [finished()] };
  const traces = openTraces({
    config: readTraces({ url: `http://127.0.0.1:${port}/v1/traces`, ratio: 0.5 }, 'traces'),
    link: {
      request: (_: unknown, values: { asked: unknown }) => {
        asked.push(values.asked);
        return Promise.resolve({ worker: 0, workers: 1, told });
      },
    } as never,
    instances: () => [{ name: 'prod' }],
    readFile: () => '',
    pause: (stopping) => {
      for (const each of looks) each.resolve();
      looks = [];
      return new Promise<void>((resolve) => {
        wake = resolve;
        stopping.addEventListener('abort', () => resolve(), { once: true });
      });
    },
  });
  stack.use(traces);
  const round = async (): Promise<void> => {
    const looked = next();
    wake();
    await looked;
  };
  await next();
  assert.deepEqual(got, [{ path: '/v1/traces', type: 'application/json', spans: 3 }]);
  assert.deepEqual(asked, [{ kind: 'traces', ratio: 0.5 }]);
  told = { timeOrigin: ORIGIN, traces: [] };
  await round();
  assert.equal(got.length, 1, 'nothing is sent where there is nothing');
  for (status of [307, 503]) {
    told = { timeOrigin: ORIGIN, traces: [finished()] };
    await round();
  }
  assert.deepEqual(
    got.map(({ path }) => path),
    ['/v1/traces', '/v1/traces', '/v1/traces'],
  );
  assert.deepEqual(traces.gauges(), [{ name: 'strongroom_trace_spans_dropped_total', value: 6 }]);
});

test('a worker whose traces do not read drops none of others, and is counted', async () => {
  let spans = 0;
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => (body += String(chunk)));
    request.on('end', () => {
      spans += spansOf(body).length;
      response.writeHead(200).end('{}');
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  await using stack = new AsyncDisposableStack();
  stack.defer(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const looked = Promise.withResolvers<void>();
  const told = [{ timeOrigin: ORIGIN, traces: [{ ...finished(), operation: 'not an operation' }] }, 'nonsense'];
  const traces = openTraces({
    config: readTraces({ url: `http://127.0.0.1:${port}/v1/traces`, ratio: 0.5 }, 'traces'),
    link: {
      request: (_: unknown, { at }: { at: number }) =>
        Promise.resolve({ worker: at, workers: 3, told: told[at] ?? { timeOrigin: ORIGIN, traces: [finished()] } }),
    } as never,
    instances: () => [{ name: 'prod' }],
    readFile: () => '',
    pause: async (stopping) => {
      looked.resolve();
      await once(stopping, 'abort');
    },
  });
  stack.use(traces);
  await looked.promise;
  assert.equal(spans, 3);
  assert.deepEqual(traces.gauges(), [{ name: 'strongroom_trace_spans_dropped_total', value: 2 }]);
});

test('where traces go to is judged when it is read', () => {
  const read = (url: string, ratio: unknown = 0.1) => readTraces({ url, ratio }, 'traces');
  for (const url of ['https://otel.example/v1/traces', 'http://127.0.0.1:4318/v1/traces', 'http://localhost:4318/'])
    assert.equal(read(url).url, url);
  for (const url of [
    'http://otel.example/v1/traces',
    'ftp://x',
    'otel.example',
    'https://u:p@otel.example/',
    'https://x/?key=1',
  ])
    assert.throws(() => read(url), /traces\.url must be https/, url);
  for (const ratio of [-0.1, 1.1, '0.5', Number.NaN])
    assert.throws(() => read('https://otel.example/', ratio), /traces\.ratio must be a number/);
  assert.throws(() => readTraces({ url: 'https://otel.example/' }, 'traces'), /traces\.ratio is missing/);
});
