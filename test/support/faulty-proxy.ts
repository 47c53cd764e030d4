// Stands in front of a service and does to its clients what networks and services do: answers errors, cuts connections,
// takes its time, sends elsewhere. What the test lets pass is passed on unchanged.
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export type Fault =
  | { readonly kind: 'answer'; readonly status: number; readonly headers?: Readonly<Record<string, string>> }
  /** The request is passed on, and its answer never arrives. */
  | { readonly kind: 'lose answer' }
  | { readonly kind: 'cut' }
  /** The answer's body stops after so many bytes, and the connection stays open or is cut. */
  | { readonly kind: 'stop after'; readonly bytes: number; readonly cut: boolean }
  | { readonly kind: 'silence' }
  /** Only a part of it was asked for: all of it comes. */
  | { readonly kind: 'all of it' };

export interface FaultyProxy extends AsyncDisposable {
  readonly origin: string;
  /** Asked for every request; undefined lets it pass. */
  fault: (
    method: string,
    url: URL,
    headers: IncomingMessage['headers'],
  ) => Fault | undefined | Promise<Fault | undefined>;
  /** `METHOD /path` of every request, without queries. */
  readonly seen: readonly string[];
}

export async function startFaultyProxy(behind: string): Promise<FaultyProxy> {
  const seen: string[] = [];
  const server = createServer((asked, answer) => void carry(asked, answer));
  async function carry(asked: IncomingMessage, answer: ServerResponse): Promise<void> {
    const url = new URL(asked.url ?? '/', behind);
    const method = asked.method ?? '';
    seen.push(`${method} ${url.pathname}`);
    const fault = await proxy.fault(method, url, asked.headers);
    if (fault?.kind === 'answer') {
      asked.resume();
      asked.on('end', () => answer.writeHead(fault.status, { 'content-length': '0', ...fault.headers }).end());
      return;
    }
    if (fault?.kind === 'cut') return void asked.socket.destroy();
    if (fault?.kind === 'silence') return void asked.resume();
    const { range, 'x-ms-range': msRange, ...others } = asked.headers;
    const headers = fault?.kind === 'all of it' ? others : asked.headers;
    const passed = request(url, { method, headers, agent: false }, (response) => {
      if (fault?.kind === 'lose answer') {
        response.resume();
        response.on('end', () => asked.socket.destroy());
        return;
      }
      answer.writeHead(response.statusCode ?? 500, response.headers);
      if (fault?.kind !== 'stop after') return void response.pipe(answer);
      let rest = fault.bytes;
      response.on('data', (piece: Buffer) => {
        answer.write(piece.subarray(0, rest));
        rest -= Math.min(rest, piece.length);
        if (rest === 0 && fault.cut) asked.socket.destroy();
      });
    });
    passed.on('error', () => asked.socket.destroy());
    asked.pipe(passed);
  }
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const proxy: FaultyProxy = {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    fault: () => undefined,
    seen,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return proxy;
}
