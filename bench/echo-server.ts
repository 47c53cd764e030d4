// The echo server process: a bare `node:https` server over all cores that parses the JSON it gets and answers JSON of a
// given size, and nothing else. What it reaches is E, the ceiling that HTTPS and JSON alone set on this machine. The bursting
// one is the same server, but it writes the answers of one turn of the event loop together.
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
  /** Answers of one turn of the event loop are written together, at its end, rather than in each request's callback. */
  readonly bursting: boolean;
}

export interface EchoReady {
  readonly port: number;
  /** Of the processes that serve. */
  readonly pids: readonly number[];
}

const [settings] = (await once(process, 'message')) as [EchoSettings];
if (cluster.isPrimary) await lead(settings);
else serve(settings);

async function lead(given: EchoSettings): Promise<void> {
  // The primary hands out connections in turn, so that all cores have the same number.
  cluster.schedulingPolicy = cluster.SCHED_RR;
  const workers = await Promise.all(
    Array.from({ length: availableParallelism() }, async () => {
      const worker = cluster.fork();
      worker.send(given);
      const [address] = (await once(worker, 'listening')) as [AddressInfo];
      return { port: address.port, pid: worker.process.pid ?? 0 };
    }),
  );
  const ready: EchoReady = { port: workers[0]?.port ?? 0, pids: workers.map(({ pid }) => pid) };
  process.send?.(ready);
  process.once('disconnect', () => cluster.disconnect());
}

function serve({ key, certificate, answerBytes, bursting }: EchoSettings): void {
  let ofThisTurn: (() => void)[] = [];
  const writeAll = (): void => {
    const writes = ofThisTurn;
    ofThisTurn = [];
    for (const write of writes) write();
  };
  const empty = JSON.stringify({ request: {}, filling: '' }).length;
  const server = createServer({ key, cert: certificate, minVersion: 'TLSv1.3' }, (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const write = answer(request, response, chunks);
      if (!bursting) return write();
      if (ofThisTurn.push(write) === 1) setImmediate(writeAll);
    });
  });
  server.keepAliveTimeout = 60_000;
  server.listen({ host: '127.0.0.1', port: 0 });

  function answer(request: IncomingMessage, response: ServerResponse, chunks: readonly Buffer[]): () => void {
    const first = chunks[0];
    const text = chunks.length === 1 && first !== undefined ? first.toString() : Buffer.concat(chunks).toString();
    const body = request.method === 'GET' ? {} : (JSON.parse(text) as Record<string, unknown>);
    // Echoed as far as the answer is long enough to hold it, and filled up.
    const echoed = text.length - 2 + empty <= answerBytes ? body : {};
    const length = echoed === body && request.method !== 'GET' ? text.length - 2 : 0;
    const filling = 'x'.repeat(Math.max(0, answerBytes - empty - length));
    const bytes = Buffer.from(JSON.stringify({ request: echoed, filling }));
    return () => {
      response.writeHead(200, { 'content-type': 'application/json; charset=utf-8', 'content-length': bytes.length });
      response.end(bytes);
    };
  }
}
