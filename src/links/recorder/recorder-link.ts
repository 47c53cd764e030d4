// The worker's connection to the recorder: connects, says who it is, connects again when the recorder was restarted, and
// passes checkpoints to be signed on. What is sent again after that is its owner's business.
import { connect, type Socket } from 'node:net';
import { encodeFrame, type Frame, FrameReader } from '../../formats/frames.ts';
import { AuditError } from './audit-log.ts';
import {
  decodeAcknowledged,
  failed,
  hello,
  kinds,
  MAX_RECORDER_FRAME,
  nothing,
  notSigned,
  PROTOCOL_VERSION,
  signed,
  signRequest,
  status,
  welcome,
} from './messages.ts';

export interface LinkOptions {
  readonly socketPath: string;
  readonly nonce: Uint8Array;
  readonly signCheckpoint: (size: number, root: Uint8Array) => Promise<string>;
  readonly opened: () => void;
  readonly acknowledged: (through: number) => void;
  readonly failed: (through: number, message: string) => void;
}

export interface RecorderStatus {
  readonly size: number;
  readonly root: Uint8Array;
  readonly checkpointSize: number;
  readonly newestHead: number;
}

/** Waiting time before the next attempt to connect, in ms: doubles up to the limit. */
const FIRST_PAUSE = 5;
const LONGEST_PAUSE = 200;

export class RecorderLink {
  readonly #options: LinkOptions;
  #socket: Socket | undefined;
  #frames = new FrameReader(MAX_RECORDER_FRAME);
  #open = false;
  #closed = false;
  #pause = FIRST_PAUSE;
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
    return status.decode(await this.#ask(kinds.askStatus, timeout));
  }

  /** Has the recorder finish its checkpoint while this worker can still sign, then closes. */
  async leave(timeout: number): Promise<void> {
    try {
      if (this.#open) await this.#ask(kinds.leave, timeout);
    } catch (error) {
      // It has gone, or is slow: its successor makes the checkpoint.
      if (!(error instanceof AuditError)) throw error;
    }
    this.#closed = true;
    clearTimeout(this.#retry);
    this.#socket?.destroy();
  }

  async #ask(kind: number, timeout: number): Promise<Buffer> {
    const id = this.#nextId++;
    const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
    this.#questions.set(id, { resolve, reject });
    this.write(encodeFrame(id, kind, nothing.encode({})));
    try {
      return await inTime(promise, timeout, () => 'the recorder did not answer in time');
    } finally {
      this.#questions.delete(id);
    }
  }

  #connect(): void {
    const socket = connect(this.#options.socketPath);
    this.#socket = socket;
    this.#frames = new FrameReader(MAX_RECORDER_FRAME);
    socket.on('connect', () => {
      socket.write(
        encodeFrame(0, kinds.hello, hello.encode({ version: PROTOCOL_VERSION, nonce: this.#options.nonce })),
      );
    });
    socket.on('data', this.#read);
    socket.on('error', (error) => {
      this.#lastError = `the recorder cannot be reached: ${error.message}`;
    });
    socket.on('close', () => this.#lost());
  }

  #lost(): void {
    if (this.#open) this.#opening = Promise.withResolvers();
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
      if (kind !== kinds.welcome || welcome.decode(payload).version !== PROTOCOL_VERSION) {
        throw new AuditError('the recorder did not welcome this worker');
      }
      this.#open = true;
      this.#pause = FIRST_PAUSE;
      this.#opening.resolve();
      this.#options.opened();
      return;
    }
    switch (kind) {
      case kinds.acknowledged: {
        const through = decodeAcknowledged(payload);
        if (through === undefined) throw new AuditError('an acknowledgement is malformed');
        this.#options.acknowledged(through);
        return;
      }
      case kinds.failed: {
        const { through, message } = failed.decode(payload);
        this.#options.failed(through, message);
        return;
      }
      case kinds.signRequest: {
        const { size, root } = signRequest.decode(payload);
        this.#sign(id, size, Buffer.from(root));
        return;
      }
      case kinds.status:
      case kinds.left:
        this.#questions.get(id)?.resolve(Buffer.from(payload));
        return;
      default:
        throw new AuditError(`message ${kind} is unknown`);
    }
  }

  #sign(id: number, size: number, root: Buffer): void {
    this.#options.signCheckpoint(size, root).then(
      (note) => this.write(encodeFrame(id, kinds.signed, signed.encode({ note }))),
      (error: unknown) => {
        const message = error instanceof Error ? error.message : 'it failed';
        this.write(encodeFrame(id, kinds.notSigned, notSigned.encode({ message })));
      },
    );
  }
}

async function inTime<T>(promise: Promise<T>, timeout: number, reason: () => string): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new AuditError(reason())), timeout);
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
