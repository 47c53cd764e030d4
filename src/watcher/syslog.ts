// Syslog (RFC 5424) over TLS (RFC 5425). The protocol has no acknowledgement, so each batch has a connection of its own: it counts as
// taken once the receiver has answered the end of it (close_notify, FIN) with its own end, which it does when it has read all
// before. A receiver that ends with something unread resets the connection, and the batch comes again; one that dies with something
// read and not stored has lost it, and nobody can tell.
import { hostname } from 'node:os';
import { type ConnectionOptions, connect } from 'node:tls';
import type { SyslogReceiver } from '../deployment/syslog-receiver.ts';
import { whyUnanswered } from '../http/outbound.ts';

export const SYSLOG_PORT = 6514;
/** Kept for examples in documents (RFC 5612). */
const EXAMPLE_ENTERPRISE = 32473;
const DEADLINE_MS = 60_000;
const [LEAST_TURN_MS, MOST_TURN_MS] = [20, 2_000];

/** Bounded in time by itself; never throws. @returns why it may not have all of it; undefined: it has */
export type SendFrames = (frames: readonly Buffer[], stopping: AbortSignal) => Promise<string | undefined>;

/** @param read what a member of the configuration names */
export function openSyslog(receiver: SyslogReceiver, read: (path: string, member: string) => string): SendFrames {
  const { host, port = SYSLOG_PORT, caFile, serverName, clientCertificate } = receiver;
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
  return (frames, stopping) => deliver(options, Buffer.concat(frames), stopping);
}

function deliver(options: ConnectionOptions, bytes: Buffer, stopping: AbortSignal): Promise<string | undefined> {
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  const socket = connect(options);
  const late = setTimeout(() => resolve('did not answer in time'), DEADLINE_MS);
  const stop = (): void => resolve('was stopped');
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
      // Whatever this process was kept from meanwhile, an end that has come is seen first: it takes a look each to read and to answer.
      ending = setTimeout(() => setImmediate(() => setImmediate(end)), turn);
    });
  });
  socket.once('end', () => {
    hasAnswered = isEnding;
    if (!isEnding) resolve('ended the connection before it had everything');
  });
  socket.on('error', (error) => resolve(whyUnanswered(error, stopping)));
  socket.once('close', () => {
    if (hasAnswered) resolve(undefined);
    else resolve('ended the connection without an answer');
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
const SEVERITIES = { critical: 2, error: 3, warning: 4, info: 6 } as const;
const HOST = printable(hostname(), 255);

/** Octet counting (RFC 5425 §4.3). Without a byte order mark: programs that read the message for JSON know none. */
export function syslogFrame(
  {
    severity,
    time,
    messageId,
    data,
    enterpriseNumber = EXAMPLE_ENTERPRISE,
  }: {
    readonly severity: keyof typeof SEVERITIES;
    readonly time: string | undefined;
    readonly messageId: string | undefined;
    /** Names are ours. */
    readonly data: Readonly<Record<string, string>>;
    readonly enterpriseNumber: number | undefined;
  },
  message: Buffer,
): readonly Buffer[] {
  const priority = FACILITY * 8 + SEVERITIES[severity];
  const members = Object.entries(data).map(([name, value]) => ` ${name}="${value.replaceAll(/["\\\]]/g, '\\$&')}"`);
  const head = Buffer.from(
    `<${priority}>1 ${timestamp(time)} ${HOST} strongroom - ${printable(messageId, 32)} ` +
      `[strongroom@${enterpriseNumber}${members.join('')}] `,
  );
  return [Buffer.from(`${head.length + message.length} `), head, message];
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
