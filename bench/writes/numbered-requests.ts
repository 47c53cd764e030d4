// Requests with places in which the load generator writes numbers, so that no two requests are the same.
import type { NumberPlace } from '../load/job.ts';
import type { Hsm } from '../product/hsm.ts';
import { type PreparedRequest, requestBytes } from '../product/request-bytes.ts';

/** Stand in a request for the number of the connection and of its turn; as long as the digits. No token has such characters. */
export const CONNECTION = '@@';
export const TURN = '^^^^^^^^';

interface NumberedRequest {
  readonly bytes: Uint8Array;
  readonly places: readonly NumberPlace[];
}

export function numberedRequest(request: PreparedRequest, hsm: Hsm): NumberedRequest {
  const bytes = Buffer.from(requestBytes(request, hsm));
  return { bytes, places: [...placesOf(bytes, CONNECTION, 'connection'), ...placesOf(bytes, TURN, 'turn')] };
}

function* placesOf(bytes: Buffer, mark: string, of: NumberPlace['of']): Generator<NumberPlace> {
  for (let at = bytes.indexOf(mark); at >= 0; at = bytes.indexOf(mark, at + mark.length)) {
    yield { of, at, digits: mark.length };
  }
}
