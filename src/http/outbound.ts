// Every call of ours over HTTP or HTTPS: bounded in time, made once, to where its caller says and nowhere else. A redirect is an
// answer like others and never followed, and nothing is logged: addresses, headers and bodies hold tokens. What an answer
// means, and what may be told of a failure, is for the caller to say.
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { request as httpsRequest, type RequestOptions } from 'node:https';
import { http } from './plain-http.ts';

export interface OutboundCall {
  readonly url: URL;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array | undefined;
  /** PEM of the only authority that is trusted for it; absent: the system's. */
  readonly ca?: string | undefined;
  /** It takes no longer, with its whole answer. */
  readonly withinMs: number;
  readonly stopping?: AbortSignal | undefined;
  /** Another way to connect than by a connection of its own, past the proxies of the environment. */
  readonly way?: ConnectionPath;
}

export type ConnectionPath = Pick<
  RequestOptions,
  'agent' | 'createConnection' | 'hostname' | 'path' | 'port' | 'servername' | 'socketPath'
>;

interface OutboundAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** The answer has more bytes than were allowed. */
export class AnswerTooLarge extends Error {
  override readonly name = 'AnswerTooLarge';
  readonly code = 'EMSGSIZE';
}

/** It took too long, whichever part of it. As Node says it. */
export class AnswerTooSlow extends Error {
  override readonly name = 'AbortError';
  readonly code = 'ABORT_ERR';
}

const LOOPBACK = new Set(['127.0.0.1', '[::1]', 'localhost']);

/** Nobody is in between: to this machine the dev profile may speak without TLS. */
export function mayBePlain({ protocol, hostname }: URL, profile: 'dev' | 'production'): boolean {
  return protocol === 'http:' && profile === 'dev' && LOOPBACK.has(hostname);
}

/** Why there was no answer. Codes only: a message of Node's may quote the address. */
export function whyUnanswered(error: unknown, stopping: AbortSignal): string {
  const { code, name } = error as NodeJS.ErrnoException;
  if (error instanceof AnswerTooSlow || stopping.aborted) return 'did not answer in time';
  return `cannot be reached: ${code ?? name}`;
}

/** Neither the environment nor an idle socket has a say in it. */
const OWN_CONNECTION = { agent: false, minVersion: 'TLSv1.2', rejectUnauthorized: true } as const;

/** @returns the answer, whose body is still to be read @throws AnswerTooSlow, the reason to stop, and errors of Node */
export async function beginCall(outbound: OutboundCall): Promise<IncomingMessage> {
  const { response, why } = start(outbound);
  return response.catch((error: unknown) => {
    throw why(error);
  });
}

/**
 * @param most bytes of the answer
 * @param reads whether the body of an answer with this status is read at all
 * @throws AnswerTooLarge, and as `beginCall`
 */
export async function call(
  outbound: OutboundCall,
  most: number,
  reads: (status: number) => boolean = () => true,
): Promise<OutboundAnswer> {
  const { response, why } = start(outbound);
  try {
    const answer = await response;
    const { statusCode: status = 0, headers } = answer;
    if (reads(status)) return { status, headers, body: await readAnswer(answer, most) };
    answer.on('error', () => undefined);
    answer.destroy();
    return { status, headers, body: Buffer.alloc(0) };
  } catch (error) {
    throw why(error);
  }
}

/** @throws AnswerTooLarge, and as Node does when it breaks off */
export async function readAnswer(response: IncomingMessage, most: number): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let length = 0;
  for await (const piece of response as AsyncIterable<Buffer>) {
    length += piece.length;
    if (length > most) throw new AnswerTooLarge(`more than ${most} bytes`);
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}

/** `why` tells the reason of an answer that broke off. */
function start(outbound: OutboundCall): {
  readonly response: Promise<IncomingMessage>;
  readonly why: (error: unknown) => unknown;
} {
  const { url, method = 'GET', headers = {}, body, ca, withinMs, stopping, way = OWN_CONNECTION } = outbound;
  const send = url.protocol === 'https:' ? httpsRequest : http.request;
  const sent = send(url, {
    ...way,
    method,
    headers,
    ...(ca === undefined ? {} : { ca }),
    ...(stopping === undefined ? {} : { signal: stopping }),
  });
  const tooSlow = new AnswerTooSlow('The operation was aborted');
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    sent.destroy(tooSlow);
  }, withinMs);
  sent.on('close', () => clearTimeout(timer));
  const response = new Promise<IncomingMessage>((resolve, reject) => {
    sent.on('response', resolve);
    sent.on('error', reject);
  });
  sent.end(body);
  return {
    response,
    why(error) {
      if (stopping?.aborted === true) return stopping.reason as unknown;
      return isLate ? tooSlow : error;
    },
  };
}
