// One request to a token endpoint and its small answer. Nothing is followed, nothing is repeated.
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';

export interface Exchange {
  readonly url: URL;
  readonly method: 'GET' | 'POST';
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly ca?: string;
}

const DEADLINE_MS = 15_000;
const MAX_ANSWER = 64 * 1024;

export function exchange(
  { url, method, headers, body, ca }: Exchange,
  stopping: AbortSignal,
): Promise<{ readonly status: number; readonly text: string }> {
  const signal = AbortSignal.any([stopping, AbortSignal.timeout(DEADLINE_MS)]);
  const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
  const options = {
    method,
    signal,
    agent: false as const,
    headers: { ...headers, ...length, accept: 'application/json' },
  };
  return new Promise((resolve, reject) => {
    const sent =
      url.protocol === 'https:'
        ? httpsRequest(url, { ...options, minVersion: 'TLSv1.2', ...(ca === undefined ? {} : { ca }) })
        : httpRequest(url, options);
    sent.on('error', reject);
    sent.on('response', (response) => {
      const pieces: Buffer[] = [];
      let size = 0;
      response.on('data', (piece: Buffer) => {
        size += piece.length;
        if (size > MAX_ANSWER) sent.destroy(Object.assign(new Error('long answer'), { code: 'EMSGSIZE' }));
        else pieces.push(piece);
      });
      response.on('error', reject);
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, text: Buffer.concat(pieces).toString('utf8') }),
      );
    });
    sent.end(body);
  });
}
