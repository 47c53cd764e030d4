// One event, one POST. No redirect is followed, the answer's body is not read, and nothing of the address but its origin is
// told to anybody: its query is often a secret.
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { AllowedTarget } from './targets.ts';

export type Delivery =
  | { readonly outcome: 'taken'; readonly detail: string }
  /** The receiver will never take this one. */
  | { readonly outcome: 'refused'; readonly detail: string }
  | { readonly outcome: 'failed'; readonly detail: string };

const DEADLINE_MS = 10_000;
/** As Event Grid has it: these are not tried again. */
const FINAL = new Set([400, 413]);

export async function deliver({ url, ca }: AllowedTarget, text: string, stopping: AbortSignal): Promise<Delivery> {
  const signal = AbortSignal.any([stopping, AbortSignal.timeout(DEADLINE_MS)]);
  try {
    const status = await post(url, ca, Buffer.from(text, 'utf8'), signal);
    const detail = `answered ${status}`;
    if (status >= 200 && status < 300) return { outcome: 'taken', detail };
    return { outcome: FINAL.has(status) ? 'refused' : 'failed', detail };
  } catch (error) {
    // Codes only: a message of Node's may quote the address.
    const { code, name } = error as NodeJS.ErrnoException;
    return {
      outcome: 'failed',
      detail: signal.aborted ? 'did not answer in time' : `cannot be reached: ${code ?? name}`,
    };
  }
}

function post(url: URL, ca: string | undefined, body: Buffer, signal: AbortSignal): Promise<number> {
  const options = {
    method: 'POST',
    signal,
    // A connection of its own: events are rare, and nothing is left open to the receiver.
    agent: false as const,
    headers: {
      'content-type': 'application/cloudevents+json; charset=utf-8',
      'content-length': body.length,
      'user-agent': 'strongroom',
      connection: 'close',
    },
  };
  return new Promise((resolve, reject) => {
    const sent =
      url.protocol === 'https:'
        ? httpsRequest(url, { ...options, minVersion: 'TLSv1.2', ...(ca === undefined ? {} : { ca }) })
        : httpRequest(url, options);
    sent.on('response', (response) => {
      resolve(response.statusCode ?? 0);
      response.on('error', () => undefined);
      response.destroy();
    });
    sent.on('error', reject);
    sent.end(body);
  });
}
