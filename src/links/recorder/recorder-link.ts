// The worker's connection to the recorder: connects, says who it is, connects again when the recorder was restarted, and
// passes checkpoints to be signed on. What is sent again after that is its owner's business.
import { connect, type Socket } from 'node:net';
import { type Frame, FrameReader } from '../../formats/frames.ts';
import { type NamedHead, NO_HEAD } from '../../formats/named-head.ts';
import { AuditError, inTime } from './audit-log.ts';
import * as messages from './messages.ts';

export interface LinkOptions {
  readonly socketPath: string;
  readonly nonce: Uint8Array;
  readonly signCheckpoint: (size: number, root: Uint8Array) => Promise<string>;
  readonly opened: () => void;
  readonly acknowledged: (through: number) => void;
  readonly failed: (through: number, message: string) => void;
}

type RecorderStatus = ReturnType<typeof messages.status.decode>;

/** Waiting time before the next attempt to connect, in ms: doubles up to the limit. */
const FIRST_PAUSE = 5;
const LONGEST_PAUSE = 200;
/** After so many it is asked in the first version, for one connection. */
const UNWELCOME = 3;

export class RecorderLink {
  readonly #options: LinkOptions;
  #socket: Socket | undefined;
  #frames = new FrameReader(messages.MAX_RECORDER_FRAME);
  #open = false;
  #closed = false;
  #pause = FIRST_PAUSE;
  /** A recorder of a version before knows the first alone, and closes the connection; but so does one that ends. */
  #version = messages.PROTOCOL_VERSION;
  #isGreeted = false;
  /** Connections in a row that were closed without a welcome. */
  #unwelcome = 0;
  #retry: NodeJS.Timeout | undefined;
  #opening = Promise.withResolvers<void>();
  #nextId = 1;
  readonly #questions = new Map<number, { resolve(payload: Buffer): void; reject(error: AuditError): void }>();
  #lastError = 'the recorder cannot be reached';

  constructor(options: LinkOptions) {
    this.#options = options;
    this.#connect();
  }

  get open(): boolean {
    return this.#open;
  }

  /** Bytes that the recorder has not taken yet. */
  get backlog(): number {
    return this.#socket?.writableLength ?? 0;
  }

  write(chunk: Buffer): void {
    if (this.#open) this.#socket?.write(chunk);
  }

  /** @throws AuditError */
  async connected(timeout: number): Promise<void> {
    await inTime(this.#opening.promise, timeout, () => this.#lastError);
  }

  /** @throws AuditError */
  async status(timeout: number): Promise<RecorderStatus> {
    await this.connected(timeout);
    return messages.status.decode(await this.#ask(messages.askStatus, timeout, {}));
  }

  /** Whether the recorder counts the entries of a head. */
  get countsEntries(): boolean {
    return this.#open && this.#version === messages.PROTOCOL_VERSION;
  }

  /** What the log names; the recorder takes its time while it lacks entries of the head. @throws AuditError */
  async newestHead(head: NamedHead, timeout: number): Promise<NamedHead> {
    await this.connected(timeout);
    if (this.countsEntries) return messages.newestHead.decode(await this.#ask(messages.askHead, timeout, head));
    const { newestHead: sequence } = await this.status(timeout);
    return { ...NO_HEAD, sequence, entries: Number.MAX_SAFE_INTEGER };
  }

  /** Has the recorder finish its checkpoint while this worker can still sign, then closes. */
  async leave(timeout: number): Promise<void> {
    try {
      if (this.#open) await this.#ask(messages.leave, timeout, {});
    } catch (error) {
      // It has gone, or is slow: its successor makes the checkpoint.
      if (!(error instanceof AuditError)) throw error;
    }
    this.#closed = true;
    clearTimeout(this.#retry);
    this.#socket?.destroy();
  }

  async #ask<V>(question: { frame(values: V, id: number): Buffer }, timeout: number, values: V): Promise<Buffer> {
    const id = this.#nextId++;
    const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
    this.#questions.set(id, { resolve, reject });
    this.write(question.frame(values, id));
    try {
      return await inTime(promise, timeout, () => 'the recorder did not answer in time');
    } finally {
      this.#questions.delete(id);
    }
  }

  #connect(): void {
    const socket = connect(this.#options.socketPath);
    this.#socket = socket;
    this.#frames = new FrameReader(messages.MAX_RECORDER_FRAME);
    socket.on('connect', () => {
      this.#isGreeted = true;
      socket.write(messages.hello.frame({ version: this.#version, nonce: this.#options.nonce }));
    });
    socket.on('data', this.#read);
    socket.on('error', (error) => {
      this.#lastError = `the recorder cannot be reached: ${error.message}`;
    });
    socket.on('close', () => this.#lost());
  }

  #lost(): void {
    if (this.#open) this.#opening = Promise.withResolvers();
    this.#unwelcome = this.#open || !this.#isGreeted || this.#version === 1 ? 0 : this.#unwelcome + 1;
    this.#version = this.#unwelcome < UNWELCOME ? messages.PROTOCOL_VERSION : 1;
    this.#isGreeted = false;
    this.#open = false;
    for (const { reject } of this.#questions.values()) reject(new AuditError('the recorder has gone'));
    if (this.#closed) return;
    this.#retry = setTimeout(() => this.#connect(), this.#pause);
    this.#pause = Math.min(this.#pause * 2, LONGEST_PAUSE);
  }

  #read = (chunk: Buffer): void => {
    try {
      for (const frame of this.#frames.push(chunk)) this.#handle(frame);
    } catch (error) {
      this.#lastError = `the recorder broke the protocol: ${error instanceof Error ? error.message : String(error)}`;
      this.#socket?.destroy();
    }
  };

  #handle({ id, kind, payload }: Frame): void {
    if (!this.#open) {
      if (kind !== messages.welcome.kind || messages.welcome.decode(payload).version !== this.#version) {
        throw new AuditError('the recorder did not welcome this worker');
      }
      this.#open = true;
      this.#pause = FIRST_PAUSE;
      this.#opening.resolve();
      this.#options.opened();
      return;
    }
    switch (kind) {
      case messages.acknowledged.kind: {
        const through = messages.acknowledged.decode(payload);
        if (through === undefined) throw new AuditError('an acknowledgement is malformed');
        this.#options.acknowledged(through);
        return;
      }
      case messages.failed.kind: {
        const { through, message } = messages.failed.decode(payload);
        this.#options.failed(through, message);
        return;
      }
      case messages.signRequest.kind: {
        const { size, root } = messages.signRequest.decode(payload);
        this.#sign(id, size, Buffer.from(root));
        return;
      }
      case messages.status.kind:
      case messages.newestHead.kind:
      case messages.left.kind:
        this.#questions.get(id)?.resolve(Buffer.from(payload));
        return;
      default:
        throw new AuditError(`message ${kind} is unknown`);
    }
  }

  #sign(id: number, size: number, root: Buffer): void {
    this.#options.signCheckpoint(size, root).then(
      (note) => this.write(messages.signed.frame({ note }, id)),
      (error: unknown) => {
        const message = error instanceof Error ? error.message : 'it failed';
        this.write(messages.notSigned.frame({ message }, id));
      },
    );
  }
}
