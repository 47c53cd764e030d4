// Answers what never became a request: unparsable, too long or too slow. The connection ends with it.
import { randomUUID } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { http } from './plain-http.ts';
import { type ErrorCode, errorCodes } from './service-error.ts';

const REASONS: ReadonlyMap<string, readonly [ErrorCode, string]> = new Map([
  ['HPE_HEADER_OVERFLOW', ['RequestHeaderFieldsTooLarge', 'The request headers are larger than 32 KiB']],
  ['ERR_HTTP_REQUEST_TIMEOUT', ['RequestTimeout', 'The request did not arrive in time']],
]);

/** What still comes after an answer is read and thrown away for this long: closed upon, the answer would be lost with it. */
const LINGER_MS = 1_000;
const answered = new WeakSet<Duplex>();

/** @param isNext whether the client would take the answer for one to what is broken; else the connection ends without */
export function answerBrokenRequest(error: Error & { code?: string }, socket: Duplex, isNext: boolean): void {
  // Each further piece of the same nonsense is told of again.
  if (answered.has(socket)) return;
  if (error.code === 'ECONNRESET' || !socket.writable || !isNext) {
    socket.destroy();
    return;
  }
  const [code, message] = REASONS.get(error.code ?? '') ?? ['BadRequest', 'The request is not valid HTTP/1.1'];
  const status = errorCodes[code];
  const id = randomUUID();
  const body = JSON.stringify({ error: { code, message: `${message} (Activity ID: ${id})` } });
  answered.add(socket);
  const timer = setTimeout(() => socket.destroy(), LINGER_MS);
  socket.once('close', () => clearTimeout(timer));
  socket.end(
    `HTTP/1.1 ${status} ${http.STATUS_CODES[status] ?? ''}\r\nContent-Type: application/json; charset=utf-8\r\n` +
      `x-ms-request-id: ${id}\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
  socket.resume();
}
