// Reads the JSON body of rows that take one, up to the row's limit.
import { parseJsonObject } from '../../../http/body.ts';
import type { Call } from '../../../http/call.ts';
import { ServiceError } from '../../../http/service-error.ts';

/** Enough for every operation of the data plane that has no larger limit of its own. */
export const DEFAULT_BODY_LIMIT = 128 * 1024;

export function readBody(call: Call): void | Promise<void> {
  const { row, request } = call;
  if (row?.readBody === undefined) return;
  const read = row.readBody;
  const limit = row.bodyLimit ?? DEFAULT_BODY_LIMIT;
  if (request.destroyed) throw new ServiceError('RequestTimeout', 'The request body did not arrive completely');
  if (Number(request.headers['content-length'] ?? 0) > limit) throw tooLarge(limit);
  return new Promise<void>((resolve, reject) => {
    let first: Buffer | undefined;
    let rest: Buffer[] | undefined;
    let length = 0;
    request.on('data', (chunk: Buffer) => {
      length += chunk.length;
      if (length > limit) {
        request.removeAllListeners('data');
        request.resume();
        reject(tooLarge(limit));
        return;
      }
      if (first === undefined) first = chunk;
      else {
        rest ??= [first];
        rest.push(chunk);
      }
    });
    request.on('end', () => {
      try {
        const bytes = rest === undefined ? (first ?? Buffer.alloc(0)) : Buffer.concat(rest, length);
        call.body = read(parseJsonObject(bytes));
        resolve();
      } catch (error) {
        reject(error instanceof Error ? error : new Error(String(error)));
      }
    });
    const lost = (): void => reject(new ServiceError('RequestTimeout', 'The request body did not arrive completely'));
    request.on('error', lost);
    request.on('close', () => {
      if (!request.complete) lost();
    });
  });
}

function tooLarge(limit: number): ServiceError {
  return new ServiceError(
    'RequestBodyTooLarge',
    `The request body is larger than the ${limit} bytes that this operation takes`,
  );
}
