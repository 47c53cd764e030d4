// Reads the bodies of requests, on both planes: the bytes, up to a limit, then JSON objects. What two readers could take for two
// things is refused: bytes that are no UTF-8, and a member that one object has twice.
import { isAscii } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import { findRepeatedMember } from '../formats/repeated-member.ts';
import type { JsonObject } from './route.ts';

/** What differs between the planes. */
export interface BodyRules {
  /** What is too large is read on to here and dropped: on a connection that is closed before, the refusal can be lost. */
  readonly droppedUpTo: number;
  readonly tooLarge: (limit: number) => Error;
  /** It did not arrive completely. */
  readonly lost: () => Error;
  readonly unreadable: (cause: JsonTextError) => Error;
}

/**
 * A body that is there already is read in this call.
 * @param read of what has come whole; called at once @throws what the rules say, and what `read` throws; or rejects with it
 */
export function readBody<T>(
  request: IncomingMessage,
  limit: number,
  rules: BodyRules,
  read: (bytes: Buffer) => T,
): T | Promise<T> {
  const { droppedUpTo, tooLarge, lost } = rules;
  const most = Math.max(limit, droppedUpTo);
  const readWhole = (bytes: Buffer | null): T => {
    if (bytes !== null && bytes.length > limit) throw tooLarge(limit);
    try {
      return read(bytes ?? Buffer.alloc(0));
    } catch (error) {
      throw error instanceof JsonTextError ? rules.unreadable(error) : error;
    }
  };
  const { 'content-length': told, 'transfer-encoding': coding } = request.headers;
  if (told === undefined && coding === undefined) return readWhole(null);
  if (request.destroyed) throw lost();
  if (Number(told ?? 0) > most) throw tooLarge(limit);
  // Nothing is to be waited for, and nobody reads along: what comes out is all there is.
  if (request.complete) return readWhole(piecesOf(request));
  return new Promise<T>((resolve, reject) => {
    let first: Buffer | undefined;
    let rest: Buffer[] | undefined;
    let length = 0;
    request.on('data', (chunk: Buffer) => {
      length += chunk.length;
      if (length > most) {
        request.removeAllListeners('data');
        request.resume();
        reject(tooLarge(limit));
      } else if (length > limit) [first, rest] = [undefined, undefined];
      else if (first === undefined) first = chunk;
      else {
        rest ??= [first];
        rest.push(chunk);
      }
    });
    request.on('end', () => {
      if (length > limit) return reject(tooLarge(limit));
      try {
        resolve(readWhole(rest === undefined ? (first ?? null) : Buffer.concat(rest, length)));
      } catch (error) {
        reject(error instanceof Error ? error : new Error(String(error)));
      }
    });
    request.on('error', () => reject(lost()));
    request.on('close', () => {
      if (!request.complete) reject(lost());
    });
  });
}

/** What a request that is complete holds. One call of `read` gives one piece of it, as it came. */
function piecesOf(request: IncomingMessage): Buffer | null {
  const first = request.read() as Buffer | null;
  let piece = first === null ? null : (request.read() as Buffer | null);
  if (first === null || piece === null) return first;
  const pieces = [first];
  for (; piece !== null; piece = request.read() as Buffer | null) pieces.push(piece);
  return Buffer.concat(pieces);
}

/** Its text is for the client and repeats nothing of the body but a member's name. */
export class JsonTextError extends Error {
  override readonly name = 'JsonTextError';
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** @throws JsonTextError */
export function parseJsonObject(bytes: Buffer): JsonObject {
  if (bytes.length === 0) throw new JsonTextError('The request body is empty');
  let text: string;
  let value: unknown;
  try {
    text = isAscii(bytes) ? bytes.toString('latin1') : utf8.decode(bytes);
    value = JSON.parse(text);
  } catch (cause) {
    throw new JsonTextError('The request body is not valid JSON in UTF-8', { cause });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new JsonTextError('The request body must be a JSON object');
  }
  const twice = findRepeatedMember(text);
  if (twice === undefined) return value as JsonObject;
  throw new JsonTextError(`The request body has the member '${twice.slice(0, 64)}' twice in one object`);
}
