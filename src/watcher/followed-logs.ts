// Follows logs for a part of the watcher that keeps how far it has read each: hands it what is new, and tells it of a log that is
// another than it was.
import { existsSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { type EntryBatch, FollowedEntries, signedSize } from '../features/audit/follow-entries.ts';
import { codeOf } from './kept-state.ts';
import type { WatchedLog } from './watched-logs.ts';

export interface FollowedLog {
  /** Of the instance, or of the management plane: its log has this id. */
  readonly id: string;
  /** For people. */
  readonly name: string;
  readonly folder: string;
  /** ARM id of the instance; '': there is none. */
  readonly source: string;
}

/** @param management how the management plane's is called */
export function followedLog(
  { origin, isManagement, instance, folder, resourceId = '' }: WatchedLog,
  management: string,
): FollowedLog {
  const id = origin.slice(origin.indexOf('/') + 1);
  return { id, name: isManagement ? management : (instance ?? id), folder, source: resourceId };
}

/** Whoever reads them. */
export interface LogTaker {
  /** Index of the first entry that it has not taken yet. */
  next(log: FollowedLog): number;
  /** Whether it is still the log that was read; one that is not is read from its beginning. */
  isSame(log: FollowedLog, entryAt: (index: number) => Buffer | undefined): boolean;
  take(log: FollowedLog, first: number, entries: readonly Buffer[]): void;
  /** It has enough of this one for now. */
  isFull?(log: FollowedLog): boolean;
  /** It has taken all that was there when the log was first looked at. */
  caughtUp?(log: FollowedLog): void;
}

interface Followed {
  readonly log: FollowedLog;
  entries: FollowedEntries;
  /** Nothing followed at the last look: meanwhile another log may have come to its place. */
  wasIdle: boolean;
  /** Index after the newest entry that there was when nothing more could be read for the first time. */
  end?: number;
}

const PACE_MS = 500;
const HOUR_MS = 3_600_000;
/** Batches of one log at a time: others have their turn, and what is due goes out in between. */
const BATCHES = 16;

export class FollowedLogs {
  readonly #options: FollowedLogsOptions;
  #followed: readonly Followed[] = [];
  #wake = (): void => undefined;
  /** Resolves some time after it was to stop. */
  readonly ended: Promise<void>;

  constructor(options: FollowedLogsOptions) {
    this.#options = options;
    options.stopping.addEventListener('abort', () => this.#wake());
    this.ended = this.#run();
  }

  update(logs: readonly FollowedLog[]): void {
    this.#followed = logs.map((log) => {
      const isIt = ({ log: { id, name } }: Followed): boolean => id === log.id && name === log.name;
      return this.#followed.find(isIt) ?? { log, entries: this.#entries(log), wasIdle: true };
    });
    this.#wake();
  }

  #entries(log: FollowedLog): FollowedEntries {
    return new FollowedEntries(log.folder, this.#options.taker.next(log));
  }

  async #run(): Promise<void> {
    const { stopping, step, report } = this.#options;
    while (!stopping.aborted) {
      let isBehind = false;
      for (const followed of this.#followed) isBehind = (await this.#follow(followed)) || isBehind;
      // A receiver that is slow is not waited for.
      step().catch((error: unknown) => report(`what is due is not sent: ${(error as Error).name}`));
      if (!isBehind) await this.#pause();
    }
  }

  /** @returns whether there may be more */
  async #follow(followed: Followed): Promise<boolean> {
    const { taker } = this.#options;
    for (let batches = 0; batches < BATCHES; batches++) {
      const batch = taker.isFull?.(followed.log) === true ? undefined : this.#read(followed);
      if (batch === undefined) return false;
      taker.take(followed.log, batch.first, batch.entries);
      await setImmediate();
    }
    return true;
  }

  /** A log that goes, or that somebody has cut, is nothing to end for: it is read again. */
  #read(followed: Followed): EntryBatch | undefined {
    const { log, entries } = followed;
    const { taker, report } = this.#options;
    try {
      const batch = entries.read();
      // One that is gone was moved, and is followed elsewhere.
      const isDoubtful =
        batch === undefined ? existsSync(log.folder) && signedSize(log.folder) < entries.next : followed.wasIdle;
      followed.wasIdle = batch === undefined;
      if (!isDoubtful || taker.isSame(log, (index) => entryAt(log.folder, index))) {
        if (batch === undefined && entries.next >= (followed.end ??= entries.written)) taker.caughtUp?.(log);
        return batch;
      }
      followed.entries = new FollowedEntries(log.folder, 0);
      delete followed.end;
      return followed.entries.read();
    } catch (error) {
      report(`the log of ${log.name} is not read: ${codeOf(error)}`);
      // What was read and could not be compared is read again.
      followed.entries = this.#entries(log);
      followed.wasIdle = true;
      return undefined;
    }
  }

  async #pause(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wake = resolve;
    const timer = setTimeout(resolve, PACE_MS);
    await promise;
    clearTimeout(timer);
  }
}

/** What was read before is durable, so nothing is waited for; between journal and bundle it may be in neither for a moment. */
function entryAt(folder: string, index: number): Buffer | undefined {
  const look = (): Buffer | undefined => {
    let hours = 0;
    return new FollowedEntries(folder, index, () => HOUR_MS * hours++).read()?.entries[0];
  };
  return look() ?? look();
}

interface FollowedLogsOptions {
  readonly taker: LogTaker;
  /** Sends what is due; called at every look. */
  readonly step: () => Promise<void>;
  readonly report: (what: string) => void;
  readonly stopping: AbortSignal;
}
