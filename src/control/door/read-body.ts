// Reads a control request's body within a limit and turns it into what its row wants. Refusals are the client's fault.
import type { IncomingMessage } from 'node:http';
import { ControlError } from '../../http/control-row.ts';
import { JsonTextError, parseJsonObject } from '../../http/json-text.ts';

const MAX_BODY = 1024 * 1024;
/** What is too large is read to its end up to here and dropped: a connection closed before takes the refusal along. */
const MAX_DROPPED = 32 * 1024 * 1024;
const utf8 = new TextDecoder('utf-8', { fatal: true });

/** @throws ControlError 400, 413, 415 */
export async function readControlBody(req: IncomingMessage, kind: 'none' | 'json' | 'form'): Promise<unknown> {
  if (kind === 'none') {
    req.resume();
    return undefined;
  }
  const type = (req.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
  const expected = kind === 'json' ? 'application/json' : 'application/x-www-form-urlencoded';
  const bytes = await readBytes(req);
  if (type !== expected && bytes.length > 0) {
    throw new ControlError(415, 'UnsupportedMediaType', `The content type must be ${expected}.`);
  }
  if (kind === 'form') return new URLSearchParams(decode(bytes));
  try {
    return bytes.length === 0 ? {} : parseJsonObject(bytes);
  } catch (cause) {
    if (!(cause instanceof JsonTextError)) throw cause;
    throw new ControlError(400, 'InvalidRequestContent', `${cause.message}.`, { cause });
  }
}

async function readBytes(req: IncomingMessage): Promise<Buffer> {
  if (Number(req.headers['content-length'] ?? 0) > MAX_DROPPED) throw tooLarge();
  const chunks: Buffer[] = [];
  let length = 0;
  // Leaving the loop must not end the connection: the refusal still has to be answered on it.
  for await (const chunk of req.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > MAX_DROPPED) throw tooLarge();
    if (length <= MAX_BODY) chunks.push(chunk);
    else chunks.length = 0;
  }
  if (length > MAX_BODY) throw tooLarge();
  return Buffer.concat(chunks, length);
}

function decode(bytes: Buffer): string {
  try {
    return utf8.decode(bytes);
  } catch (cause) {
    throw new ControlError(400, 'InvalidRequestContent', 'The request content is not UTF-8.', { cause });
  }
}

function tooLarge(): ControlError {
  return new ControlError(413, 'RequestEntityTooLarge', `The request content is larger than ${MAX_BODY} bytes.`, {
    headers: { connection: 'close' },
  });
}
