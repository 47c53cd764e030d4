// An ExportTraceServiceRequest in OTLP's JSON encoding (ids in hex, times as decimal strings): a span for each request that was traced, and
// one below it for each stage. Attributes are those of OpenTelemetry's semantic conventions that name no key, caller or address.
import { createHash } from 'node:crypto';
import { VERSION } from '../../deployment/version.ts';
import type { FinishedTrace, TakenTraces } from '../../links/worker-traces.ts';
import { attributes } from '../sinks/otlp-logs.ts';

/** Of one worker. */
export interface WorkerTraces extends TakenTraces {
  readonly hsm: string;
  readonly worker: number;
}

const INTERNAL = 1;
const SERVER = 2;
const ERROR = 2;

export function tracesRequest(workers: readonly WorkerTraces[]): string {
  return JSON.stringify({
    resourceSpans: workers.map(({ hsm, worker, timeOrigin, traces }) => ({
      resource: {
        attributes: attributes({
          'service.name': 'strongroom',
          'service.version': VERSION,
          'service.instance.id': `${hsm}/${worker}`,
          'strongroom.instance': hsm,
        }),
      },
      scopeSpans: [
        {
          scope: { name: 'strongroom.requests', version: VERSION },
          spans: traces.flatMap((trace) => spansOf(trace, timeOrigin)),
        },
      ],
    })),
  });
}

/** How many spans it is. */
export function spanCount(workers: readonly TakenTraces[]): number {
  return workers.flatMap(({ traces }) => traces).reduce((sum, { stages }) => sum + 1 + stages.length, 0);
}

function spansOf(trace: FinishedTrace, timeOrigin: number) {
  const { traceId, spanId, parentSpanId, operation, method, status, code, from, to, stages } = trace;
  const between = (start: number, end: number) => ({
    startTimeUnixNano: nanoseconds(timeOrigin + start),
    endTimeUnixNano: nanoseconds(timeOrigin + end),
  });
  const request = {
    traceId,
    spanId,
    ...(parentSpanId === undefined ? {} : { parentSpanId }),
    name: operation,
    kind: SERVER,
    ...between(from, to),
    attributes: attributes({
      'http.request.method': method,
      'http.response.status_code': status,
      'strongroom.operation': operation,
      'strongroom.result': code,
      'error.type': status >= 500 ? code : undefined,
    }),
    // Of a server only what it failed at is an error, not what it refused.
    status: status >= 500 ? { code: ERROR } : {},
  };
  const parts = stages.map(([stage, start, end], nth) => ({
    traceId,
    spanId: partId(spanId, nth),
    parentSpanId: spanId,
    name: stage,
    kind: INTERNAL,
    ...between(start, end),
  }));
  return [request, ...parts];
}

/** Ids are to be unlike others within a trace; made of the request's, they are the same if it is sent twice. */
function partId(spanId: string, nth: number): string {
  return createHash('sha256').update(`${spanId}/${nth}`).digest('hex').slice(0, 16);
}

/** More digits than a number has: whole milliseconds, and what is below them. */
function nanoseconds(unixMs: number): string {
  const whole = Math.floor(unixMs);
  const below = Math.min(999_999, Math.floor((unixMs - whole) * 1e6));
  return `${whole}${String(below).padStart(6, '0')}`;
}
