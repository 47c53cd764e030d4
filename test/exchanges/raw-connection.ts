// One request as bytes over a connection of its own, and the bytes that came back: no HTTP client in between that would
// put headers in order or spell them its way.
import { connect as connectPlain, type Socket } from 'node:net';
import { connect } from 'node:tls';

export interface Target {
  readonly port: number;
  /** Absent: without TLS. */
  readonly tls?: { readonly servername: string; readonly ca: string };
}

export interface RawAnswer {
  /** Status line and headers, as they came. */
  readonly head: string;
  readonly body: Buffer;
}

/** For machines that are slow and do other things: whoever waits this long has failed. */
const TIMEOUT_MS = 120_000;

/** Resolves with the first final answer, or with what came until the other side closed the connection. */
export function exchangeBytes({ port, tls }: Target, request: Buffer, method: string): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const socket: Socket =
      tls === undefined ? connectPlain(port, '127.0.0.1') : connect({ host: '127.0.0.1', port, ...tls });
    const chunks: Buffer[] = [];
    const settle = (answer: RawAnswer | undefined): void => {
      socket.destroy();
      if (answer === undefined) reject(new Error(`no whole answer, only: ${Buffer.concat(chunks).toString('latin1')}`));
      else resolve(answer);
    };
    socket.setTimeout(TIMEOUT_MS, () => settle(undefined));
    socket.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      const answer = readAnswer(Buffer.concat(chunks), method);
      if (answer !== undefined) settle(answer);
    });
    // What is refused before it was read whole ends the connection under our feet, after its answer.
    socket.on('error', (error) => (chunks.length > 0 ? undefined : reject(error)));
    socket.on('close', () => settle(readAnswer(Buffer.concat(chunks), method)));
    socket.write(request);
  });
}

/** @returns undefined while something is missing */
function readAnswer(bytes: Buffer, method: string): RawAnswer | undefined {
  const end = bytes.indexOf('\r\n\r\n');
  if (end === -1) return undefined;
  const head = bytes.subarray(0, end).toString('latin1');
  const rest = bytes.subarray(end + 4);
  if (/^HTTP\/1\.1 1/.test(head)) return readAnswer(rest, method);
  if (method === 'HEAD' || /^HTTP\/1\.1 (204|304)/.test(head)) return { head, body: Buffer.alloc(0) };
  if (/^transfer-encoding: chunked$/im.test(head)) {
    const body = unchunk(rest);
    return body === undefined ? undefined : { head, body };
  }
  const length = Number(/^content-length: (\d+)$/im.exec(head)?.[1] ?? 0);
  return rest.length < length ? undefined : { head, body: rest };
}

function unchunk(bytes: Buffer): Buffer | undefined {
  const parts: Buffer[] = [];
  for (let at = 0; ; ) {
    const line = bytes.indexOf('\r\n', at);
    if (line === -1) return undefined;
    const size = Number.parseInt(bytes.subarray(at, line).toString('latin1'), 16);
    const start = line + 2;
    if (bytes.length < start + size + 2) return undefined;
    if (size === 0) return Buffer.concat(parts);
    parts.push(bytes.subarray(start, start + size));
    at = start + size + 2;
  }
}
