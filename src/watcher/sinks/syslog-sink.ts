// Syslog (RFC 5424) over TLS (RFC 5425). The protocol has no acknowledgement, so each batch has a connection of its own: it counts as
// taken once the receiver has answered the end of it (close_notify, FIN) with its own end, which it does when it has read all
// before. A receiver that ends with something unread resets the connection, and the batch comes again; one that dies with something
// read and not stored has lost it, and nobody can tell.
import { hostname } from 'node:os';
import { type ConnectionOptions, connect } from 'node:tls';
import type { SinkConfigOf } from '../../deployment/sinks.ts';
import { whyUnanswered } from '../../http/outbound.ts';
import { type Delivery, type LogEntry, type LogIdentity, readNamed, type Sink, type SinkSurroundings } from './sink.ts';
import { type Severity, toldEntry } from './told-entry.ts';

const PORT = 6514;
/** Kept for examples in documents (RFC 5612). */
const EXAMPLE_ENTERPRISE = 32473;
const DEADLINE_MS = 60_000;
const [LEAST_TURN_MS, MOST_TURN_MS] = [20, 2_000];

export function syslogSink(config: SinkConfigOf<'syslog'>, { log, readFile }: SinkSurroundings): Sink {
  const { host, port = PORT, caFile, serverName, clientCertificate, enterpriseNumber = EXAMPLE_ENTERPRISE } = config;
  const read = (path: string, member: string): string => readNamed({ readFile }, path, member);
  const options: ConnectionOptions = {
    host,
    port,
    minVersion: 'TLSv1.2',
    rejectUnauthorized: true,
    ...(serverName === undefined ? {} : { servername: serverName }),
    ...(caFile === undefined ? {} : { ca: read(caFile, 'caFile') }),
    ...(clientCertificate === undefined
      ? {}
      : {
          cert: read(clientCertificate.certificate, 'clientCertificate.certificate'),
          key: read(clientCertificate.key, 'clientCertificate.key'),
        }),
  };
  return {
    send: (entries, stopping) =>
      deliver(options, Buffer.concat(entries.flatMap((entry) => frame(entry, log, enterpriseNumber))), stopping),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

function deliver(options: ConnectionOptions, bytes: Buffer, stopping: AbortSignal): Promise<Delivery> {
  const { promise, resolve } = Promise.withResolvers<Delivery>();
  const fail = (why: string): void => resolve({ outcome: 'failed', why });
  const socket = connect(options);
  const late = setTimeout(() => fail('did not answer in time'), DEADLINE_MS);
  const stop = (): void => fail('was stopped');
  stopping.addEventListener('abort', stop);
  if (stopping.aborted) stop();
  const begun = performance.now();
  let [isEnding, hasAnswered] = [false, false];
  let ending: NodeJS.Timeout | undefined;
  const end = (): void => {
    isEnding = true;
    socket.end();
  };
  socket.once('secureConnect', () => {
    // What it does by itself shows before: several answers took as long.
    const turn = Math.min(Math.max(LEAST_TURN_MS, performance.now() - begun), MOST_TURN_MS);
    socket.write(bytes, () => {
      ending = setTimeout(end, turn);
    });
  });
  socket.once('end', () => {
    hasAnswered = isEnding;
    if (!isEnding) fail('ended the connection before it had everything');
  });
  socket.on('error', (error) => fail(whyUnanswered(error, stopping)));
  socket.once('close', () => {
    if (hasAnswered) resolve({ outcome: 'taken' });
    else fail('ended the connection without an answer');
  });
  socket.resume(); // it has nothing to say
  return promise.finally(() => {
    clearTimeout(late);
    clearTimeout(ending);
    stopping.removeEventListener('abort', stop);
    socket.destroy();
  });
}

/** Log audit (RFC 5424 §6.2.1). */
const FACILITY = 13;
const SEVERITIES: { readonly [S in Severity]: number } = { error: 3, warning: 4, info: 6 };
const HOST = printable(hostname(), 255);

/** Octet counting (RFC 5425 §4.3). Without a byte order mark: programs that read the message for JSON know none. */
export function frame(entry: LogEntry, log: LogIdentity, enterpriseNumber: number): readonly Buffer[] {
  const { call, severity } = toldEntry(entry);
  const about = { log: log.origin, index: String(entry.index), instance: log.name };
  const data = Object.entries(about).map(([name, value]) => ` ${name}="${value.replaceAll(/["\\\]]/g, '\\$&')}"`);
  const head = Buffer.from(
    `<${FACILITY * 8 + SEVERITIES[severity]}>1 ${timestamp(call?.time)} ${HOST} strongroom - ${printable(call?.operation, 32)} ` +
      `[strongroom@${enterpriseNumber}${data.join('')}] `,
  );
  return [Buffer.from(`${head.length + entry.bytes.length} `), head, entry.bytes];
}

/** RFC 5424 §6.2.3 takes ours as it is. */
function timestamp(time = ''): string {
  return /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z$/.test(time) ? time : '-';
}

/** PRINTUSASCII */
function printable(text = '', most: number): string {
  const cleaned = text.replaceAll(/[^\x21-\x7e]/g, '_').slice(0, most);
  return cleaned === '' ? '-' : cleaned;
}
