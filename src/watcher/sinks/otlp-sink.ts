// OpenTelemetry's protocol over HTTP, logs, as JSON (OTLP 1.x). What the protocol tells a client to throw away for a refusal that is not
// about the data (401, 404) is kept and tried again: nothing is left out because a receiver is set up wrongly.
import { promisify } from 'node:util';
import { constants, gzip } from 'node:zlib';
import type { SinkConfigOf } from '../../deployment/sinks.ts';
import { call, whyUnanswered } from '../../http/outbound.ts';
import { sinkAddress } from './addresses.ts';
import { logsRequest } from './otlp-logs.ts';
import { type Delivery, readNamed, type Sink, SinkError, type SinkSurroundings } from './sink.ts';

const DEADLINE_MS = 30_000;
const MOST_ANSWER = 64 * 1024;
/** They are about what was sent; all others about who sent it, or the receiver. */
const REFUSED = new Set([400, 413]);
const zip = promisify(gzip);
/** Half as many bytes more than usual, in half of the processor time. */
const QUICKLY = { level: constants.Z_BEST_SPEED };

export function otlpSink(config: SinkConfigOf<'otlp'>, { log, profile, readFile }: SinkSurroundings): Sink {
  const { caFile, headersFile, compression = 'gzip' } = config;
  const url = sinkAddress(config, profile);
  const read = (path: string, member: string): string => readNamed({ readFile }, path, member);
  const ca = caFile === undefined ? undefined : read(caFile, 'caFile');
  const headers = {
    ...(headersFile === undefined ? {} : readHeaders(read(headersFile, 'headersFile'))),
    'content-type': 'application/json',
    'user-agent': 'strongroom',
    connection: 'close',
    ...(compression === 'gzip' ? { 'content-encoding': 'gzip' } : {}),
  };
  return {
    async send(entries, stopping): Promise<Delivery> {
      const text = logsRequest(log, entries);
      const body = compression === 'gzip' ? await zip(text, QUICKLY) : text;
      try {
        return judge(
          await call({ url, ca, method: 'POST', headers, body, withinMs: DEADLINE_MS, stopping }, MOST_ANSWER),
        );
      } catch (error) {
        return { outcome: 'failed', why: whyUnanswered(error, stopping) };
      }
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

/** `Name: value` on each line. @throws SinkError that says nothing of the values */
function readHeaders(text: string): Readonly<Record<string, string>> {
  const headers: Record<string, string> = {};
  for (const [at, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === '') continue;
    const [, name, value] = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\x20-\x7e\t]*?)[ \t]*$/.exec(line) ?? [];
    if (name === undefined || value === undefined) {
      throw new SinkError(`headersFile: line ${at + 1} must be a header: 'Name: value'`);
    }
    headers[name.toLowerCase()] = value;
  }
  return headers;
}

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: Buffer;
}

function judge({ status, headers, body }: Answer): Delivery {
  const why = `answered ${status}`;
  if (status >= 200 && status < 300) return rejected(body) ?? { outcome: 'failed', why: `${why} and no OTLP response` };
  if (REFUSED.has(status)) return { outcome: 'refused', why };
  return { outcome: 'failed', why, ...putOff(headers['retry-after']) };
}

/** What the receiver says of a success; undefined when it is none of OTLP's: then somebody else has answered. */
function rejected(body: Buffer): Delivery | undefined {
  if (body.length === 0) return { outcome: 'taken' };
  try {
    const { partialSuccess } = JSON.parse(body.toString('utf8')) as {
      readonly partialSuccess?: { readonly rejectedLogRecords?: string | number } | null;
    };
    const count = Number(partialSuccess?.rejectedLogRecords ?? 0);
    if (!Number.isSafeInteger(count) || count < 0) return undefined;
    // Its own text may hold anything.
    return count === 0
      ? { outcome: 'taken' }
      : { outcome: 'taken', lost: { count, why: 'the receiver rejected them (partial success)' } };
  } catch {
    return undefined; // no JSON, or none of an object
  }
}

/** Seconds, or a date (RFC 9110 §10.2.3). */
function putOff(retryAfter: unknown): { readonly retryAfter?: number } {
  if (typeof retryAfter !== 'string') return {};
  const seconds = /^\d{1,9}$/.test(retryAfter) ? Number(retryAfter) : (Date.parse(retryAfter) - Date.now()) / 1000;
  return Number.isFinite(seconds) && seconds > 0 ? { retryAfter: Math.ceil(seconds) } : {};
}
