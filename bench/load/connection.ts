// One keep-alive TLS 1.3 connection with at most one request in flight; whether one is due is asked of others. Raw sockets
// and prebuilt bytes rather than node:http: the generator shares the cores with what it measures.
import { connect, type TLSSocket } from 'node:tls';
import type { LoadJob, NumberPlace } from './job.ts';
import { ResponseScanner } from './response-scanner.ts';

export interface ConnectionEvents {
  /** When the request was due that is to be sent now (`performance.now`), or undefined to wait until the next `offer`. */
  due(): number | undefined;
  /** It has been opened, or answered: `offer` may send. */
  free(): void;
  /** An answer, so long after its request was due; its body is `bytes.subarray(from, to)` during the call only. */
  answered(micros: number, sent: Sent, status: number, bytes: Buffer, from: number, to: number): void;
  /** The connection is gone, and with it the request that it may have had in flight. */
  lost(reason: string, inFlight: boolean): void;
}

export interface Sent {
  readonly request: number;
  readonly turn: number;
}

export class Connection {
  readonly #requests: readonly Uint8Array[];
  readonly #numbers: LoadJob['numbers'];
  readonly #index: number;
  readonly #events: ConnectionEvents;
  readonly #socket: TLSSocket;
  readonly #scanner: ResponseScanner;
  #request: number;
  #turn = 0;
  #dueAt = 0;
  #state: 'connecting' | 'free' | 'waiting' = 'connecting';
  #done = false;
  /** Told of the last answer, after which nothing is sent any more. */
  #finished: (() => void) | undefined;

  constructor(job: LoadJob, index: number, events: ConnectionEvents) {
    this.#index = index;
    this.#numbers = job.numbers;
    // Numbers are written into copies of its own.
    this.#requests = job.numbers === undefined ? job.requests : job.requests.map((bytes) => Buffer.from(bytes));
    this.#request = job.numbers === undefined ? index % job.requests.length : 0;
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
    this.#socket.once('secureConnect', () => {
      this.#state = 'free';
      this.#events.free();
    });
    this.#socket.on('data', (chunk: Buffer) => this.#received(chunk));
    this.#socket.on('error', (error) => this.#lose(`connection: ${'code' in error ? error.code : error.message}`));
    this.#socket.on('close', () => this.#lose('connection closed'));
  }

  close(): void {
    this.#done = true;
    this.#socket.destroy();
    this.#finished?.();
  }

  /** Sends nothing more; resolves once what is in flight is answered, or lost. */
  async finish(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#finished = resolve;
    if (this.#state === 'waiting' && !this.#done) await promise;
  }

  /** Sends the next request if the connection is free and one is due. False: none is due. */
  offer(): boolean {
    if (this.#done || this.#finished !== undefined || this.#state !== 'free') return true;
    const due = this.#events.due();
    if (due === undefined) return false;
    const bytes = this.#requests[this.#request];
    if (bytes === undefined) throw new RangeError('no such request');
    for (const place of this.#numbers?.[this.#request] ?? []) {
      writeNumber(bytes, place, place.of === 'turn' ? this.#turn : this.#index);
    }
    this.#state = 'waiting';
    this.#dueAt = due;
    this.#socket.write(bytes);
    return true;
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
    if (this.#state !== 'waiting') {
      this.#lose('an answer that nobody asked for');
      return;
    }
    this.#state = 'free';
    const micros = (performance.now() - this.#dueAt) * 1000;
    const sent = { request: this.#request, turn: this.#turn };
    this.#request = sent.request + 1 < this.#requests.length ? sent.request + 1 : 0;
    if (this.#request === 0) this.#turn += 1;
    this.#events.answered(micros, sent, status, bytes, from, to);
    this.#finished?.();
    if (!this.#done) this.#events.free();
  }

  #lose(reason: string): void {
    if (this.#done) return;
    this.close();
    this.#events.lost(reason, this.#state === 'waiting');
  }
}

function writeNumber(bytes: Uint8Array, { at, digits }: NumberPlace, number: number): void {
  const text = String(number).padStart(digits, '0');
  if (text.length !== digits) throw new RangeError(`${number} does not fit into ${digits} digits`);
  for (let index = 0; index < digits; index += 1) bytes[at + index] = text.charCodeAt(index);
}
