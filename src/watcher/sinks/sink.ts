// What a sink is: it takes batches of entries, one at a time, and says what became of each. It keeps no position, makes no second
// attempt and waits for nobody: the engine does (`run-sink.ts`). Each log has a sink of its own, with a connection of its own.

/** Whose entries they are. */
export interface LogIdentity {
  /** Of its checkpoints: `strongroom/<id>`. */
  readonly origin: string;
  /** The part of it after the slash. */
  readonly id: string;
  /** Of the instance; `@management`: the management plane's. */
  readonly name: string;
  /** ARM id of what it is the log of. */
  readonly resourceId: string;
}

export interface LogEntry {
  readonly index: number;
  /** UTF-8 JSON of an AuditEntry, 1 to 65,535 bytes, as the log has it. */
  readonly bytes: Buffer;
}

export type Delivery =
  /**
   * It has all of them, as durably as it says; after a crash the same entries come again, in other batches perhaps. `lost`: that many of
   * them it will never take, and does not say which.
   */
  | { readonly outcome: 'taken'; readonly lost?: { readonly count: number; readonly why: string } }
  /** It will never take this batch as it is. The engine sends smaller ones, down to an entry by itself. */
  | { readonly outcome: 'refused'; readonly why: string }
  /** It may be tried again, after so many seconds at the soonest if it says so. Some of them may have arrived. */
  | { readonly outcome: 'failed'; readonly why: string; readonly retryAfter?: number };

export interface Sink extends AsyncDisposable {
  /**
   * Bounded in time by itself. What it says of a failure holds no secret: no header, no query of an address, nothing that the
   * receiver answered. It never throws.
   * @param entries in order, one at least; at most `MOST` of both, but for one entry by itself
   */
  send(entries: readonly LogEntry[], stopping: AbortSignal): Promise<Delivery>;
}

/** Of a batch. */
export const MOST = { entries: 2048, bytes: 1024 * 1024 } as const;

/** What a batch that takes many requests may take in all, whatever the receiver answers. */
export const SEND_MS: number = 5 * 60_000;

/** What opens one. */
export interface SinkSurroundings {
  readonly log: LogIdentity;
  readonly profile: 'dev' | 'production';
  /** @throws when it cannot be read */
  readonly readFile: (path: string) => string;
}

/** Of a file or the address of a configuration: it cannot be used, and says which member is to blame. */
export class SinkError extends Error {
  override readonly name = 'SinkError';
}

/** @param member of the configuration that names the file @throws SinkError */
export function readNamed({ readFile }: Pick<SinkSurroundings, 'readFile'>, path: string, member: string): string {
  try {
    return readFile(path);
  } catch (cause) {
    throw new SinkError(`${member} cannot be read: ${(cause as NodeJS.ErrnoException).code ?? 'unknown'}`, { cause });
  }
}
