// One service worker's connection: which message is allowed when, and what it leads to. A peer that breaks the rules
// loses its connection; the recorder goes on.
import type { Socket } from 'node:net';
import { type Frame, FrameReader } from '../formats/frames.ts';
import { readU64 } from '../formats/journal-format.ts';
import * as messages from '../links/recorder/messages.ts';
import type { Waiter, Worker } from './batch.ts';
import type { Log } from './log.ts';

class ProtocolError extends Error {
  override readonly name = 'ProtocolError';
}

/** new: has not said who it is · open: may append · closed: nothing is read any more. */
type State = 'new' | 'open' | 'closed';

export interface ConnectionOwner {
  readonly log: Log;
  /** Which entries there may be; absent: whatever a worker sends. */
  readonly takes: ((entry: Uint8Array, headSequence: number) => boolean) | undefined;
  /** The connection said who it is; another one of the same worker is closed before its entries are taken. */
  opened(connection: Connection, worker: Worker): void;
  /** Called before `left` is sent. */
  leaving(): Promise<void>;
  closed(connection: Connection): void;
  report(sentence: string): void;
}

export class Connection {
  readonly #socket: Socket;
  readonly #owner: ConnectionOwner;
  readonly #frames = new FrameReader(messages.MAX_RECORDER_FRAME);
  #state: State = 'new';
  #waiter: Waiter | undefined;
  readonly #signatures = new Map<number, { resolve(note: string): void; reject(error: Error): void }>();
  #nextId = 1;

  constructor(socket: Socket, owner: ConnectionOwner) {
    this.#socket = socket;
    this.#owner = owner;
    socket.on('data', this.#read);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      this.#state = 'closed';
      for (const { reject } of this.#signatures.values()) reject(new Error('the worker has gone'));
      this.#signatures.clear();
      owner.log.forget(this);
      owner.closed(this);
    });
  }

  get open(): boolean {
    return this.#state === 'open';
  }
  get worker(): Worker | undefined {
    return this.#waiter?.worker;
  }

  pause(): void {
    this.#socket.pause();
  }
  resume(): void {
    if (this.#state !== 'closed') this.#socket.resume();
  }

  /** Has a checkpoint signed. Rejects when the worker cannot, or goes. */
  sign(size: number, root: Uint8Array): Promise<string> {
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      if (this.#state !== 'open') {
        reject(new Error('the worker has gone'));
        return;
      }
      this.#signatures.set(id, { resolve, reject });
      this.#send(messages.signRequest.frame({ size, root }, id));
    });
  }

  /** Sends what is queued, reads nothing more. */
  end(): void {
    this.#state = 'closed';
    this.#socket.end();
  }
  destroy(): void {
    this.#state = 'closed';
    this.#socket.destroy();
  }

  #read = (chunk: Buffer): void => {
    try {
      for (const frame of this.#frames.push(chunk)) {
        if (this.#state === 'closed') break;
        this.#handle(frame);
      }
    } catch (error) {
      this.#owner.report(`a connection was closed: ${error instanceof Error ? error.message : String(error)}`);
      this.destroy();
    }
    this.#owner.log.commit();
  };

  /** `hello` comes first and once, all else after it. */
  #handle({ id, kind, payload }: Frame): void {
    if ((kind === messages.hello.kind) !== (this.#state === 'new')) throw this.#notAllowed(kind);
    switch (kind) {
      case messages.APPEND:
        this.#append(payload);
        return;
      case messages.hello.kind:
        this.#welcome(id, messages.hello.decode(payload));
        return;
      case messages.signed.kind: {
        const { note } = messages.signed.decode(payload);
        this.#takeSignature(id).resolve(note);
        return;
      }
      case messages.notSigned.kind: {
        const { message } = messages.notSigned.decode(payload);
        this.#takeSignature(id).reject(new Error(message));
        return;
      }
      case messages.askStatus.kind: {
        messages.askStatus.decode(payload);
        const { size, root } = this.#owner.log.snapshot();
        const { checkpointSize, newestHead } = this.#owner.log;
        this.#send(messages.status.frame({ size, root, checkpointSize, newestHead: newestHead.sequence }, id));
        return;
      }
      case messages.askHead.kind:
        this.#owner.log.whenNamed(this, {
          head: messages.askHead.decode(payload),
          tell: (newest) => this.#send(messages.newestHead.frame(newest, id)),
        });
        return;
      case messages.leave.kind:
        messages.leave.decode(payload);
        void this.#leave(id);
        return;
      default:
        throw this.#notAllowed(kind);
    }
  }

  #notAllowed(kind: number): ProtocolError {
    return new ProtocolError(`message ${kind} is not allowed in state ${this.#state}`);
  }

  #append(payload: Buffer): void {
    const counter = payload.length > messages.APPEND_HEAD ? readU64(payload, 0) : 0;
    const headSequence = counter > 0 ? readU64(payload, 8) : 0;
    if (counter === 0 || !Number.isSafeInteger(counter) || !Number.isSafeInteger(headSequence)) {
      throw new ProtocolError('an append has a counter, a store head and an entry');
    }
    const entry = payload.subarray(messages.APPEND_HEAD);
    if (this.#owner.takes?.(entry, headSequence) === false)
      throw new ProtocolError('an entry of this log is a JSON object');
    this.#owner.log.append(this.#waiter as Waiter, counter, headSequence, entry);
  }

  #welcome(id: number, { version, nonce }: ReturnType<typeof messages.hello.decode>): void {
    if (version < 1 || version > messages.PROTOCOL_VERSION || nonce.length !== messages.NONCE_LENGTH)
      throw new ProtocolError('unknown version');
    const worker = this.#owner.log.worker(Buffer.from(nonce));
    this.#owner.opened(this, worker);
    this.#waiter = {
      worker,
      acknowledge: (through) => this.#send(messages.acknowledged.frame(through)),
      // The worker sends again, in order, over a new connection, what it was not told about; so nothing may follow here.
      fail: (through, message) => {
        this.#send(messages.failed.frame({ through, message }));
        this.end();
      },
    };
    this.#state = 'open';
    this.#send(messages.welcome.frame({ version }, id));
  }

  async #leave(id: number): Promise<void> {
    try {
      await this.#owner.leaving();
    } catch (error) {
      this.#owner.report(`no checkpoint before a worker left: ${String(error)}`);
    }
    this.#send(messages.left.frame({}, id));
  }

  #takeSignature(id: number): { resolve(note: string): void; reject(error: Error): void } {
    const waiting = this.#signatures.get(id);
    if (waiting === undefined) throw new ProtocolError('nobody asked for this signature');
    this.#signatures.delete(id);
    return waiting;
  }

  #send(frame: Buffer): void {
    if (this.#socket.writable) this.#socket.write(frame);
  }
}
