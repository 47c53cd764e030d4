// The echo server process: a bare `node:https` server over all cores that parses the JSON it gets and answers JSON of a
// given size, and nothing else. What it reaches is E, the ceiling that HTTPS and JSON alone set on this machine.
// usage: forked by `echo.ts`, which sends one `EchoSettings` and hears one `EchoReady`.
import cluster from 'node:cluster';
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { availableParallelism } from 'node:os';

export interface EchoSettings {
  readonly key: string;
  readonly certificate: string;
  /** Length of every answer's body. */
  readonly answerBytes: number;
}

export interface EchoReady {
  readonly port: number;
}

const [settings] = (await once(process, 'message')) as [EchoSettings];
if (cluster.isPrimary) await lead(settings);
else serve(settings);

async function lead(given: EchoSettings): Promise<void> {
  // The primary hands out connections in turn, so that all cores have the same number.
  cluster.schedulingPolicy = cluster.SCHED_RR;
  const addresses = await Promise.all(
    Array.from({ length: availableParallelism() }, async () => {
      const worker = cluster.fork();
      worker.send(given);
      const [address] = (await once(worker, 'listening')) as [AddressInfo];
      return address;
    }),
  );
  const ready: EchoReady = { port: addresses[0]?.port ?? 0 };
  process.send?.(ready);
  process.once('disconnect', () => cluster.disconnect());
}

function serve({ key, certificate, answerBytes }: EchoSettings): void {
  const empty = JSON.stringify({ request: {}, filling: '' }).length;
  const server = createServer({ key, cert: certificate, minVersion: 'TLSv1.3' }, (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => answer(request, response, chunks));
  });
  server.keepAliveTimeout = 60_000;
  server.listen({ host: '127.0.0.1', port: 0 });

  function answer(request: IncomingMessage, response: ServerResponse, chunks: readonly Buffer[]): void {
    const first = chunks[0];
    const text = chunks.length === 1 && first !== undefined ? first.toString() : Buffer.concat(chunks).toString();
    const body = request.method === 'GET' ? {} : (JSON.parse(text) as Record<string, unknown>);
    // Echoed as far as the answer is long enough to hold it, and filled up.
    const echoed = text.length - 2 + empty <= answerBytes ? body : {};
    const length = echoed === body && request.method !== 'GET' ? text.length - 2 : 0;
    const filling = 'x'.repeat(Math.max(0, answerBytes - empty - length));
    const bytes = Buffer.from(JSON.stringify({ request: echoed, filling }));
    response.writeHead(200, { 'content-type': 'application/json; charset=utf-8', 'content-length': bytes.length });
    response.end(bytes);
  }
}
