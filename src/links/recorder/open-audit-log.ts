// The service worker's end of the audit log: sends entries to the recorder in as few writes as the load allows, keeps
// them until they are acknowledged, and sends them again to a recorder that was restarted.
import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { lackingEntries, type NamedHead, NO_HEAD } from '../../formats/named-head.ts';
import { MAX_ENTRY } from '../../formats/tlog-tiles.ts';
import { AppendFrames } from './append-frames.ts';
import { AuditError, type AuditLog } from './audit-log.ts';
import { NONCE_LENGTH } from './messages.ts';
import { RecorderLink } from './recorder-link.ts';

interface AuditLogOptions {
  readonly socketPath: string;
  /** Has the module sign a checkpoint of this log; answers the signed note. */
  readonly signCheckpoint: (size: number, root: Uint8Array) => Promise<string>;
  /** How long to wait for the recorder at first, in ms. */
  readonly connectTimeout?: number;
  /** After this an entry that is not durable fails, in ms. */
  readonly appendTimeout?: number;
  /** It records again, or no more. */
  readonly turned?: (isRecording: boolean) => void;
}

/** Entries of all callers that may wait at once; above, the next ones fail. */
const MAX_PENDING_CHARACTERS = 64 * 1024 * 1024;
/**
 * Bytes that a recorder may be behind. Entries that were given up stay in its queue, so without this a recorder that
 * stalls would have the worker grow without end. One entry of each connection that a worker takes has room in it.
 */
const MAX_BACKLOG = 16 * 1024 * 1024;

/** Between two questions, as a recorder may answer at once. */
const LOOK_MS = 20;

/** Long enough for a recorder that starts for the first time on a slow machine. */
const MANAGEMENT_TIMEOUT = 20_000;

interface Pending {
  readonly counter: number;
  readonly entry: string;
  readonly headSequence: number;
  /** Tick of the clock at which it was taken. */
  readonly since: number;
  readonly resolve: () => void;
  readonly reject: (error: AuditError) => void;
}

/**
 * The management plane's log for those who send entries to it, control and the supervisor, whether or not its recorder runs yet: it
 * goes on trying to connect, and an entry waits for that as for anything else.
 */
export function openManagementAudit(socketPath: string): AuditLog {
  const signCheckpoint = () => Promise.reject(new Error('this log is signed for its recorder alone'));
  return new RecordedLog({ socketPath, signCheckpoint, appendTimeout: MANAGEMENT_TIMEOUT });
}

/** Resolves when connected. @throws AuditError when the recorder cannot be reached in time */
export async function openAuditLog(options: AuditLogOptions): Promise<AuditLog> {
  const log = new RecordedLog(options);
  try {
    await log.link.connected(options.connectTimeout ?? 10_000);
    return log;
  } catch (error) {
    await log[Symbol.asyncDispose]();
    throw error;
  }
}

class RecordedLog implements AuditLog {
  readonly link: RecorderLink;
  readonly #frames = new AppendFrames();
  readonly #limit: number;
  readonly #tickLength: number;
  readonly #timer: NodeJS.Timeout;
  readonly #turned: (isRecording: boolean) => void;
  #wasRecording = true;
  /** In the order of their counters; those before `#head` are settled. */
  #pending: Pending[] = [];
  #head = 0;
  #pendingCharacters = 0;
  #counter = 0;
  #tick = 0;
  /** Tick at which the recorder last said that it stored something, or was there and owed nothing. */
  #wellAt = 0;
  /** It has not answered for what was given up. */
  #owes = false;
  /** Tick at which it last said that it could not store something, unless it has stored something since. */
  #failedAt = Number.NEGATIVE_INFINITY;
  #scheduled = false;
  #closed = false;
  #drained: (() => void) | undefined;

  constructor(options: AuditLogOptions) {
    this.#limit = options.appendTimeout ?? 5000;
    this.#tickLength = Math.min(250, this.#limit);
    this.link = new RecorderLink({
      socketPath: options.socketPath,
      nonce: randomBytes(NONCE_LENGTH),
      signCheckpoint: options.signCheckpoint,
      opened: () => this.#resend(),
      acknowledged: (through) => {
        this.#owes = false;
        this.#failedAt = Number.NEGATIVE_INFINITY;
        this.#wellAt = this.#tick;
        this.#settle(through, undefined);
      },
      failed: (through, message) => {
        this.#failedAt = this.#tick;
        this.#settle(through, message);
      },
    });
    this.#turned = options.turned ?? (() => undefined);
    this.#timer = setInterval(this.#tickOn, this.#tickLength);
    this.#timer.unref();
  }

  get isRecording(): boolean {
    const patience = this.#limit / this.#tickLength;
    // Whom nobody is led to has nothing to store, and would never find out that it can: after a while it is tried again.
    return this.#tick - this.#wellAt < patience / 2 && this.#tick - this.#failedAt > 2 * patience;
  }

  get waiting(): number {
    return this.#pending.length - this.#head;
  }

  append(entry: string, headSequence = 0): Promise<void> {
    if (this.#closed) return Promise.reject(new AuditError('the audit log is closed'));
    if (entry.length === 0 || entry.length > MAX_ENTRY / 3) {
      const length = Buffer.byteLength(entry);
      if (length === 0 || length > MAX_ENTRY) {
        return Promise.reject(new AuditError(`an audit entry has 1 to ${MAX_ENTRY} bytes, not ${length}`));
      }
    }
    if (this.#pendingCharacters > MAX_PENDING_CHARACTERS || this.link.backlog > MAX_BACKLOG) {
      return Promise.reject(new AuditError('too many audit entries wait for the recorder'));
    }
    return new Promise((resolve, reject) => {
      const counter = ++this.#counter;
      this.#pending.push({ counter, entry, headSequence, since: this.#tick, resolve, reject });
      this.#pendingCharacters += entry.length;
      if (!this.link.open) return;
      this.#frames.add(counter, headSequence, entry);
      if (this.#scheduled) return;
      this.#scheduled = true;
      process.nextTick(this.#flush);
    });
  }

  newestHead(): Promise<NamedHead> {
    return this.link.newestHead(NO_HEAD, this.#limit);
  }

  get countsEntries(): boolean {
    return this.link.countsEntries;
  }

  async lacking(head: NamedHead, patience: number): Promise<number | undefined> {
    const until = performance.now() + patience;
    for (;;) {
      const left = until - performance.now();
      const isLast = left <= 0;
      try {
        const asked = isLast ? this.newestHead() : this.link.newestHead(head, Math.min(left, this.#limit));
        const lacking = lackingEntries(head, await asked);
        if (lacking === undefined || lacking === 0 || isLast) return lacking;
      } catch (error) {
        // A recorder that went may come back.
        if (isLast || this.#closed) throw error;
      }
      await delay(LOOK_MS);
    }
  }

  async tree(): Promise<{ readonly size: number; readonly root: Uint8Array }> {
    const { size, root } = await this.link.status(this.#limit);
    return { size, root };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#head < this.#pending.length) {
      await new Promise<void>((resolve) => {
        this.#drained = resolve;
      });
    }
    await this.link.leave(2000);
    clearInterval(this.#timer);
  }

  #flush = (): void => {
    this.#scheduled = false;
    for (const chunk of this.#frames.take()) this.link.write(chunk);
  };

  /** A new connection: what is not acknowledged goes first, in order. */
  #resend(): void {
    this.#owes = false;
    this.#frames.take();
    for (let i = this.#head; i < this.#pending.length; i++) {
      const { counter, headSequence, entry } = this.#pending[i] as Pending;
      this.#frames.add(counter, headSequence, entry);
    }
    this.#flush();
  }

  #settle(through: number, failure: string | undefined): void {
    for (let next = this.#pending[this.#head]; next !== undefined && next.counter <= through; ) {
      this.#head += 1;
      this.#pendingCharacters -= next.entry.length;
      if (failure === undefined) next.resolve();
      else next.reject(new AuditError(`the audit entry could not be stored: ${failure}`));
      next = this.#pending[this.#head];
    }
    this.#compact();
  }

  /** Lets go of settled entries once they are the larger part. */
  #compact(): void {
    if (this.#head === this.#pending.length) {
      this.#pending = [];
      this.#head = 0;
      this.#drained?.();
    } else if (this.#head > 1024 && this.#head * 2 > this.#pending.length) {
      this.#pending = this.#pending.slice(this.#head);
      this.#head = 0;
    }
  }

  #tickOn = (): void => {
    this.#tick += 1;
    this.#giveUp();
    const { isRecording } = this;
    if (isRecording === this.#wasRecording) return;
    this.#wasRecording = isRecording;
    this.#turned(isRecording);
  };

  #giveUp(): void {
    if (this.link.open && !this.#owes && this.#head === this.#pending.length) this.#wellAt = this.#tick;
    const oldest = this.#tick - Math.ceil(this.#limit / this.#tickLength);
    const first = this.#pending[this.#head];
    if (first === undefined || first.since >= oldest) return;
    let through = first.counter;
    for (let i = this.#head; i < this.#pending.length; i++) {
      const { counter, since } = this.#pending[i] as Pending;
      if (since >= oldest) break;
      through = counter;
    }
    this.#owes = true;
    this.#settle(through, 'the recorder did not answer in time');
  }
}
