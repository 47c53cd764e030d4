// One client that sends one request after the other over one kept connection, and takes the time of each.
import { Agent, request } from 'node:https';
import { API_VERSION, requestHeaders } from '../product/hsm.ts';
import type { Endpoint } from '../product/https-call.ts';

export interface TimedAnswer {
  readonly ms: number;
  readonly json: Readonly<Record<string, unknown>>;
}

export interface TimedClient extends Disposable {
  /** @param path with a query or without; the api-version is added @throws unless the answer is 200, 201 or 204 */
  ask(method: string, path: string, body?: unknown): Promise<TimedAnswer>;
}

export function openTimedClient({ host, port, serverName, ca }: Endpoint, token: string): TimedClient {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  return {
    ask(method, path, body) {
      const text = body === undefined ? '' : JSON.stringify(body);
      const headers = { host: serverName, ...requestHeaders(token), 'content-length': Buffer.byteLength(text) };
      const versioned = `${path}${path.includes('?') ? '&' : '?'}api-version=${API_VERSION}`;
      return new Promise((resolve, reject) => {
        const begin = performance.now();
        const sent = request(
          { host, port, servername: serverName, ca, agent, method, path: versioned, headers, timeout: 60_000 },
          (incoming) => {
            const chunks: Buffer[] = [];
            incoming.on('error', reject);
            incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
            incoming.on('end', () => {
              const ms = performance.now() - begin;
              const answer = Buffer.concat(chunks).toString('utf8');
              if (![200, 201, 204].includes(incoming.statusCode ?? 0)) {
                reject(new Error(`${method} ${path}: ${incoming.statusCode} ${answer.slice(0, 400)}`));
              } else {
                resolve({ ms, json: answer === '' ? {} : (JSON.parse(answer) as TimedAnswer['json']) });
              }
            });
          },
        );
        sent.on('error', reject);
        sent.on('timeout', () => sent.destroy(new Error(`${method} ${path}: no answer in time`)));
        sent.end(text);
      });
    },
    [Symbol.dispose]: () => agent.destroy(),
  };
}
