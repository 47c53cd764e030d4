// Sends one log to one sink, for ever: at least once, in order, a batch at a time, from a position that is kept. Whatever the receiver
// does holds up this log at this sink and nothing else.
//
// An entry that is refused by itself may be at fault, or the receiver may refuse everything. So it is passed over when the receiver
// takes a later one and then refuses it again; it is counted and named, and stays in the log. A receiver that refuses a row of
// entries has failed like one that is down; the row to be tried doubles with each attempt, so that no run of such entries ends it.
import type { FollowedEntries } from '../../features/audit/follow-entries.ts';
import { Backoff } from '../../http/backoff.ts';
import { digest, keepPosition, otherLog, type Position, type Refusal, readPosition, startAt } from './kept-position.ts';
import { type Delivery, type LogEntry, type LogIdentity, MOST, type Sink } from './sink.ts';
import { ageOf, BEHIND_S, type SinkStatus } from './sink-status.ts';

/** A log that grows. */
export interface SentLog {
  readonly identity: LogIdentity;
  /** Reads from this index on. Entries in order, as many as it likes; undefined: none yet. */
  open(next: number): LogReader;
  /** How many entries it has, a moment ago. */
  size(): number;
}

export type LogReader = Pick<FollowedEntries, 'read' | 'previous'>;

/** Of the machine; tests move it. */
export interface Clock {
  /** Milliseconds, Unix time. */
  now(): number;
  /** Returns early when it is to stop. */
  pause(ms: number, stopping: AbortSignal): Promise<void>;
  /** How much is to be left to others: 0, they do not need the machine, to 1, they use all of it. */
  load(): number;
}

export interface SinkRunOptions {
  readonly sink: { readonly name: string };
  readonly log: SentLog;
  /** File of its position. */
  readonly path: string;
  /** Where to begin without one. */
  readonly begin: () => number;
  /** Opened anew after each failure, so that exchanged certificates and secrets are taken. @throws SinkError */
  readonly open: () => Sink;
  readonly clock: Clock;
}

const KEEP_MS = 1_000;
const WAITS = { first: 2, longest: 300 };
/** A receiver may put us off, and not for ever. */
const LONGEST_PUT_OFF_S = 3_600;
/** So many entries are refused in a row by a receiver that takes others. */
const FIRST_ROW = 8;
/** A receiver that refuses so many, and takes none after them, is to be mended. */
const LONGEST_ROW = 4096;
/** Between entries that are sent by themselves. */
const BETWEEN_MS = 100;
const KEPT_REFUSALS = 100;

export class SinkRun implements AsyncDisposable {
  readonly #options: SinkRunOptions;
  readonly #stop = new AbortController();
  readonly #backoff = new Backoff(WAITS);
  readonly #done: Promise<void>;
  #position: Position = startAt(0);
  /** Whether the file says so too. */
  #isKept = true;
  #keptAt = Number.NEGATIVE_INFINITY;
  /** Milliseconds; undefined: it works, or has nothing to do. */
  #failingSince: number | undefined;
  #isOtherLog = false;
  #sink: Sink | undefined;
  #reader: LogReader | undefined;
  /** Read and not yet taken: a batch, and at most a read more. */
  #held: LogEntry[] = [];
  #most: number = MOST.entries;
  #row = FIRST_ROW;

  constructor(options: SinkRunOptions) {
    this.#options = options;
    this.#done = this.#run();
  }

  status(): SinkStatus {
    const { sink, log, clock } = this.#options;
    const { last: _, ...position } = this.#position;
    const entries = Math.max(this.#held.length, log.size() - position.next);
    const failing = this.#failingSince === undefined ? 0 : Math.round((clock.now() - this.#failingSince) / 1000);
    const seconds = Math.max(ageOf(this.#held[0]?.bytes, clock.now()), failing);
    const { name, origin } = log.identity;
    const other = this.#isOtherLog ? { isOtherLog: true } : {};
    return { sink: sink.name, log: name, origin, ...position, behind: { entries, seconds }, ...other };
  }

  /** What is under way is given up: it is sent again after the next start. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#done;
  }

  async #run(): Promise<void> {
    const { path, begin, clock } = this.#options;
    const stopping = this.#stop.signal;
    try {
      this.#position = readPosition(path) ?? startAt(begin());
    } catch {
      // Nobody knows what was sent: all of it is, again.
      this.#position = startAt(0);
      this.#note('its position could not be read: the log is sent again from its beginning');
    }
    this.#isKept = false;
    while (!stopping.aborted) {
      const { wait, why } = await this.#step().catch((error: unknown) => failed(reasonOf(error)));
      if (why !== undefined && !stopping.aborted) {
        this.#failingSince ??= clock.now();
        this.#note(why);
        this.#isKept = false;
        await this.#close();
      }
      if (wait === 0) continue;
      if (wait >= 1) await this.#keepIfLeft();
      const ms = 1000 * (why === undefined ? wait : Math.max(wait, this.#backoff.failed(clock.now() / 1000)));
      await clock.pause(ms, stopping);
    }
    await this.#keepIfLeft();
    await this.#close();
  }

  /** What cannot be kept now is kept before anything else is sent. */
  async #keepIfLeft(): Promise<void> {
    if (!this.#isKept) await this.#keep().catch(() => undefined);
  }

  async #step(): Promise<Step> {
    if (this.#isKeepingDue) await this.#keep();
    const { log } = this.#options;
    this.#reader ??= log.open(this.#position.next + this.#held.length);
    const other = this.#compare(this.#reader);
    this.#isOtherLog = other !== undefined;
    if (other !== undefined) {
      this.#readAgain();
      return failed(other);
    }
    const isFull = this.#fill(this.#reader);
    const batch = this.#batch();
    if (batch.length === 0) {
      this.#failingSince = undefined;
      return PACED;
    }
    this.#sink ??= this.#options.open();
    const said = await this.#sink.send(batch, this.#stop.signal);
    switch (said.outcome) {
      case 'taken':
        await this.#taken(batch, said.lost === undefined ? [] : [this.#refusal(batch, said.lost)]);
        this.#most = Math.min(this.#most * 2, MOST.entries);
        return isFull || this.#held.length > 0 ? this.#more(batch) : PACED;
      case 'refused':
        if (batch.length === 1) return this.#passOver(batch[0] as LogEntry, said.why);
        this.#most = Math.ceil(batch.length / 2);
        return AT_ONCE;
      case 'failed':
        return failed(said.why, said.retryAfter);
    }
  }

  /** It was refused by itself. */
  async #passOver(first: LogEntry, why: string): Promise<Step> {
    let later: LogEntry | undefined;
    for (const entry of this.#following(first.index + 1, first.index + this.#row)) {
      const said = await this.#sendOne(entry);
      if (said.outcome === 'failed') return failed(said.why, said.retryAfter);
      if (said.outcome === 'refused') continue;
      later = entry;
      break;
    }
    if (later === undefined) {
      this.#row = Math.min(2 * this.#row, LONGEST_ROW);
      return failed(`it refuses entry ${first.index} and takes none of those that follow: ${why}`);
    }
    for (const entry of this.#following(first.index, later.index + 1)) {
      const said: Delivery = entry.index === later.index ? { outcome: 'taken' } : await this.#sendOne(entry);
      if (said.outcome === 'failed') return failed(said.why, said.retryAfter);
      const lost = said.outcome === 'refused' ? { count: 1, why: said.why } : said.lost;
      await this.#taken([entry], lost === undefined ? [] : [this.#refusal([entry], lost)]);
    }
    this.#row = FIRST_ROW;
    this.#most = MOST.entries;
    this.#readAgain(); // what was taken may lie behind what was held
    return AT_ONCE;
  }

  async #sendOne(entry: LogEntry): Promise<Delivery> {
    const { clock, open } = this.#options;
    const stopping = this.#stop.signal;
    await clock.pause(BETWEEN_MS, stopping);
    if (stopping.aborted) return { outcome: 'failed', why: 'it stops' };
    this.#sink ??= open();
    return this.#sink.send([entry], stopping);
  }

  *#following(from: number, end: number): Generator<LogEntry> {
    const reader = this.#options.log.open(from);
    for (let read = reader.read(); read !== undefined; read = reader.read()) {
      for (const [at, bytes] of read.entries.entries()) {
        if (read.first + at >= end) return;
        yield { index: read.first + at, bytes };
      }
    }
  }

  #readAgain(): void {
    this.#held = [];
    this.#reader = undefined;
  }

  /** @returns whether there is a whole batch */
  #fill(reader: LogReader): boolean {
    let length = this.#held.reduce((sum, { bytes }) => sum + bytes.length, 0);
    while (this.#held.length < MOST.entries && length < MOST.bytes) {
      const read = reader.read();
      if (read === undefined) return false;
      for (const [at, bytes] of read.entries.entries()) {
        this.#held.push({ index: read.first + at, bytes });
        length += bytes.length;
      }
    }
    return true;
  }

  #batch(): readonly LogEntry[] {
    let [count, length] = [0, 0];
    for (const { bytes } of this.#held) {
      length += bytes.length;
      if (count === this.#most || (count > 0 && length > MOST.bytes)) break;
      count += 1;
    }
    return this.#held.slice(0, count);
  }

  async #taken(batch: readonly LogEntry[], refusals: readonly Refusal[]): Promise<void> {
    const last = batch.at(-1) as LogEntry;
    this.#held = this.#held.slice(batch.length);
    this.#backoff.succeeded();
    this.#failingSince = undefined;
    const { refused, latestRefusals, ...before } = this.#position;
    this.#position = {
      ...before,
      next: last.index + 1,
      last: digest(last.bytes),
      lastSuccess: this.#time(),
      refused: refusals.reduce((sum, { count }) => sum + count, refused),
      latestRefusals: [...latestRefusals, ...refusals].slice(-KEPT_REFUSALS),
    };
    this.#isKept = false;
    if (refusals.length > 0 || this.#isKeepingDue) await this.#keep();
  }

  /**
   * Leaves the machine to requests in between: two processors at full load did a fifth less without. Less of it when entries wait for
   * long, so that nobody keeps them here by keeping the machine full.
   */
  #more(taken: readonly LogEntry[]): Step {
    const { clock } = this.#options;
    const seconds = ageOf(taken.at(-1)?.bytes, clock.now());
    const share = seconds >= NO_REST_AT_S ? 0 : seconds >= BEHIND_S ? 0.5 : 1;
    return { wait: REST_S * share * clock.load() };
  }

  /** Not with each batch while there are more: what is written through to the disk holds up the recorder there. */
  get #isKeepingDue(): boolean {
    // A clock that was set back would put it off.
    return !this.#isKept && Math.abs(this.#options.clock.now() - this.#keptAt) >= KEEP_MS;
  }

  /** Of all, or of so many of them. */
  #refusal(batch: readonly LogEntry[], { count, why }: { readonly count: number; readonly why: string }): Refusal {
    const first = (batch[0] as LogEntry).index;
    const among = count === batch.length ? {} : { among: batch.length };
    return { at: this.#time(), first, count: Math.min(count, batch.length), why, ...among };
  }

  async #keep(): Promise<void> {
    try {
      await keepPosition(this.#options.path, this.#position);
    } catch (cause) {
      throw new Error(`its position cannot be kept: ${reasonOf(cause)}`, { cause });
    }
    this.#isKept = true;
    this.#keptAt = this.#options.clock.now();
  }

  /** Before each read: an instance that is started again may have another log. @returns why it is not the one that was sent; undefined: it is */
  #compare(reader: LogReader): string | undefined {
    const { next, last } = this.#position;
    const held = this.#held.at(-1);
    const wanted = held === undefined ? last : digest(held.bytes);
    const place = { next: next + this.#held.length, ...(wanted === undefined ? {} : { last: wanted }) };
    return otherLog(place, () => reader.previous());
  }

  async #close(): Promise<void> {
    const sink = this.#sink;
    this.#sink = undefined;
    await sink?.[Symbol.asyncDispose]();
  }

  #note(why: string): void {
    this.#position = { ...this.#position, lastFailure: { at: this.#time(), why: why.slice(0, 500) } };
  }

  #time(): string {
    return new Date(this.#options.clock.now()).toISOString();
  }
}

interface Step {
  /** Seconds at least; 0: go on at once. */
  readonly wait: number;
  /** Absent: nothing failed. */
  readonly why?: string;
}

const AT_ONCE: Step = { wait: 0 };
/** Seconds between batches while there are more, where others use the whole machine. */
const REST_S = 2;
/** Age of an entry from which on it does not rest for others. */
const NO_REST_AT_S = 300;
/** After a batch that was not full: what comes meanwhile goes together. */
const PACED: Step = { wait: 1 };

function failed(why: string, retryAfter = 0): Step {
  return { wait: Math.min(Math.max(1, retryAfter), LONGEST_PUT_OFF_S), why };
}

function reasonOf(error: unknown): string {
  const { code } = error as NodeJS.ErrnoException;
  return code ?? (error instanceof Error ? error.message : String(error));
}
