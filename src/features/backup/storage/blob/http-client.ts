// How the blob client reaches its container: one origin and no other, no redirects, no proxies of the environment, every
// request bounded in time. Answers are passed up whole where they are small and as streams where they are blobs.
import { Agent as HttpAgent, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { type HttpOperationResponse, type IHttpClient, RestError, type WebResource } from '@azure/storage-blob';
import { AnswerTooLarge, AnswerTooSlow, beginCall, readAnswer } from '../../../../http/outbound.ts';
import { StorageError } from '../port.ts';
import { checkedLookup, type Resolve } from './public-address.ts';

export interface Reach {
  readonly origin: string;
  readonly ca?: string | undefined;
  readonly addresses: readonly string[];
  /** One request, its answer included, takes no longer. */
  readonly deadlineMs: number;
  readonly stopping: AbortSignal;
  readonly resolve?: Resolve | undefined;
}

/**
 * The library's own is the newest there is, which clouds of their own, and an Azurite of last year, do not know; nothing here
 * needs more than this one, known to the public cloud since November 2023 and to Azurite since 3.28.
 */
export const PROTOCOL_VERSION = '2023-11-03';
const MAX_TEXT = 8 * 1024 * 1024;

export class BlobHttpClient implements IHttpClient, Disposable {
  readonly #reach: Reach;
  readonly #agent: HttpAgent;

  constructor(reach: Reach) {
    this.#reach = reach;
    const { origin, ca, addresses, resolve } = reach;
    const options = { keepAlive: true, maxSockets: 4, lookup: checkedLookup(addresses, resolve) };
    this.#agent = origin.startsWith('https:')
      ? new HttpsAgent({ ...options, minVersion: 'TLSv1.2', ca })
      : new HttpAgent(options);
  }

  async sendRequest(asked: WebResource): Promise<HttpOperationResponse> {
    const url = new URL(asked.url);
    if (url.origin !== this.#reach.origin)
      throw new StorageError('NotAllowed', 'a request would have left the place of the backup');
    asked.headers.set('x-ms-version', PROTOCOL_VERSION);
    const response = await this.#send(url, asked);
    const status = response.statusCode ?? 0;
    if (status >= 300 && status < 400 && status !== 304) {
      response.destroy();
      throw new StorageError(
        'NotAllowed',
        `the storage answered ${status}, a redirection, which is not followed; name the place where the container really is`,
      );
    }
    const answer = { request: asked, status, headers: headersOf(asked, response.headers) };
    if (asked.streamResponseStatusCodes?.has(status) === true) return { ...answer, readableStreamBody: response };
    return { ...answer, bodyAsText: await readText(response) };
  }

  async #send(url: URL, { method, headers, body, abortSignal }: WebResource): Promise<IncomingMessage> {
    const { deadlineMs, stopping } = this.#reach;
    try {
      return await beginCall({
        url,
        method,
        headers: headers.rawHeaders(),
        body: body as Uint8Array | string | undefined,
        withinMs: deadlineMs,
        stopping: abortSignal === undefined ? stopping : AbortSignal.any([stopping, abortSignal as AbortSignal]),
        way: { agent: this.#agent },
      });
    } catch (error) {
      if (stopping.aborted) throw error;
      throw retriable(error as NodeJS.ErrnoException);
    }
  }

  [Symbol.dispose](): void {
    this.#agent.destroy();
  }
}

/** The library repeats what fails with an error of its own class and one of a few codes; everything else ends the request. */
function retriable(error: NodeJS.ErrnoException): Error {
  if (error instanceof StorageError) return error;
  const code = error instanceof AnswerTooSlow ? 'ETIMEDOUT' : error.code;
  return new RestError(code ?? 'the connection failed', { code: code ?? 'REQUEST_SEND_ERROR' });
}

async function readText(response: IncomingMessage): Promise<string> {
  try {
    return (await readAnswer(response, MAX_TEXT)).toString('utf8');
  } catch (error) {
    if (error instanceof AnswerTooLarge)
      throw new StorageError('Unavailable', 'the storage answered with more than a listing can be');
    throw new RestError('the answer broke off', { code: 'ECONNRESET' });
  }
}

function headersOf({ headers: shape }: WebResource, answered: IncomingHttpHeaders): HttpOperationResponse['headers'] {
  const headers = shape.clone();
  for (const name of headers.headerNames()) headers.remove(name);
  for (const [name, value] of Object.entries(answered)) {
    if (value !== undefined) headers.set(name, Array.isArray(value) ? value.join(', ') : value);
  }
  return headers;
}
