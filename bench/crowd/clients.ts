// The crowd process: many keep-alive connections with one request in flight on each. Unlike the load generator it knows
// refusals, and clients that come again after them.
import { connect, type TLSSocket } from 'node:tls';
import { Histogram } from '../load/histogram.ts';
import { ResponseScanner } from '../load/response-scanner.ts';
import type { CrowdJob, CrowdMessage, CrowdReport } from './job.ts';

process.on('message', (job: CrowdJob) => {
  void run(job).then(
    (report) => send({ kind: 'report', report }),
    (error: unknown) => send({ kind: 'failed', message: error instanceof Error ? error.message : String(error) }),
  );
});

function send(message: CrowdMessage): void {
  process.send?.(message);
}

async function run(job: CrowdJob): Promise<CrowdReport> {
  const errors: Record<string, number> = {};
  const count = (what: string): void => {
    errors[what] = (errors[what] ?? 0) + 1;
  };
  let latencies = new Histogram();
  let refusals = new Histogram();
  let [served, refused, renewed, isOver] = [0, 0, 0, false];
  const open = new Set<TLSSocket>();

  const client = (index: number): Promise<void> =>
    new Promise((resolve) => {
      const socket = connect({ ...addressOf(job), minVersion: 'TLSv1.3' });
      let next = index % job.requests.length;
      let sentAt = 0;
      let isEnding = false;
      const ask = (): void => {
        if (isOver || isEnding || socket.destroyed) return;
        sentAt = performance.now();
        socket.write(job.requests[next] as Uint8Array);
        next = (next + 1) % job.requests.length;
      };
      const scanner = new ResponseScanner((status, _bytes, _from, _to, isLast) => {
        const micros = (performance.now() - sentAt) * 1000;
        // Announced with an answer: nothing is lost, and the client goes on with another connection.
        if (isLast) {
          isEnding = true;
          renewed += 1;
          socket.end();
          void client(index + 1);
        }
        if (status === 200) {
          served += 1;
          latencies.record(micros);
          ask();
        } else if (status === 429 || status === 503) {
          refused += 1;
          refusals.record(micros);
          setTimeout(ask, job.waitMs);
        } else {
          count(`HTTP ${status}`);
          ask();
        }
      });
      socket.setNoDelay(true);
      socket.once('secureConnect', () => {
        open.add(socket);
        ask();
        resolve();
      });
      socket.on('data', (chunk: Buffer) => {
        try {
          scanner.push(chunk);
        } catch (error) {
          count(String(error));
          socket.destroy();
        }
      });
      socket.on('error', (error) => count(`connection: ${'code' in error ? String(error.code) : error.message}`));
      socket.on('close', () => {
        open.delete(socket);
        if (!isOver && !isEnding) count('connection closed');
        resolve();
      });
    });

  const start = performance.now();
  for (let index = 0; index < job.connections; index += job.opening) {
    const few = Math.min(job.opening, job.connections - index);
    await Promise.all(Array.from({ length: few }, (_, each) => client(index + each)));
  }
  const connectingMs = performance.now() - start;
  await elapse(job.warmUpMs);
  send({ kind: 'warm' });
  const connected = open.size;
  latencies = new Histogram();
  refusals = new Histogram();
  [served, refused] = [0, 0];
  const from = performance.now();
  await elapse(job.measureMs);
  isOver = true;
  const elapsedMs = performance.now() - from;
  const report = { elapsedMs, connected, connectingMs, served, refused, renewed, errors };
  for (const socket of open) socket.destroy();
  return { ...report, latencies: latencies.toRecord(), refusals: refusals.toRecord() };
}

function addressOf({ host, port, serverName, ca }: CrowdJob) {
  return { host, port, servername: serverName, ca };
}

function elapse(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
