// One keep-alive TLS 1.3 connection that always has exactly one request in flight. Raw sockets and prebuilt bytes rather
// than node:http: the generator shares the cores with what it measures.
import { connect, type TLSSocket } from 'node:tls';
import type { LoadJob } from './job.ts';
import { ResponseScanner } from './response-scanner.ts';

export interface ConnectionEvents {
  /** An answer; its body is `bytes.subarray(from, to)` during the call only. */
  answered(micros: number, request: number, status: number, bytes: Buffer, from: number, to: number): void;
  /** The connection is gone; a request may have been lost with it. */
  lost(reason: string): void;
}

export class Connection {
  readonly #requests: readonly Uint8Array[];
  readonly #events: ConnectionEvents;
  readonly #socket: TLSSocket;
  readonly #scanner: ResponseScanner;
  #request: number;
  #sentAt = 0;
  #waiting = false;
  #done = false;

  constructor(job: LoadJob, first: number, events: ConnectionEvents) {
    this.#requests = job.requests;
    this.#request = first % job.requests.length;
    this.#events = events;
    this.#scanner = new ResponseScanner((status, bytes, from, to) => this.#answered(status, bytes, from, to));
    this.#socket = connect({
      host: job.host,
      port: job.port,
      servername: job.serverName,
      ca: job.ca,
      minVersion: 'TLSv1.3',
    });
    this.#socket.setNoDelay(true);
    this.#socket.once('secureConnect', () => this.#send());
    this.#socket.on('data', (chunk: Buffer) => this.#received(chunk));
    this.#socket.on('error', (error) => this.#lose(`connection: ${'code' in error ? error.code : error.message}`));
    this.#socket.on('close', () => this.#lose('connection closed'));
  }

  close(): void {
    this.#done = true;
    this.#socket.destroy();
  }

  #send(): void {
    const bytes = this.#requests[this.#request];
    if (bytes === undefined) throw new RangeError('no such request');
    this.#waiting = true;
    this.#sentAt = performance.now();
    this.#socket.write(bytes);
  }

  #received(chunk: Buffer): void {
    try {
      this.#scanner.push(chunk);
    } catch (error) {
      this.#lose(error instanceof Error ? error.message : String(error));
    }
  }

  #answered(status: number, bytes: Buffer, from: number, to: number): void {
    if (this.#done) return;
    if (!this.#waiting) {
      this.#lose('an answer that nobody asked for');
      return;
    }
    this.#waiting = false;
    const micros = (performance.now() - this.#sentAt) * 1000;
    const request = this.#request;
    this.#request = request + 1 < this.#requests.length ? request + 1 : 0;
    this.#events.answered(micros, request, status, bytes, from, to);
    if (!this.#done) this.#send();
  }

  #lose(reason: string): void {
    if (this.#done) return;
    this.close();
    this.#events.lost(reason);
  }
}
