// The logs that a witness accepts, a file for each: its name and key, and the checkpoint that was cosigned last. What stands there
// when a cosignature leaves is what every later one goes on from. A file is made with its log, so that one that is missing, or was
// made smaller, is no log that was never cosigned.
import { hash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createFileSync, replaceFileSync } from '../../files/durable-file-sync.ts';
import { lockFile } from '../../files/file-lock.ts';
import { makePrivateFolder } from '../../files/private-folder.ts';
import { cosignedAt } from '../../formats/cosignature.ts';
import { EMPTY_ROOT } from '../../formats/merkle.ts';
import { isoTime, oneOf, record, ShapeError, text } from '../../formats/shape.ts';
import { NoteError, type NoteVerifier, parseVkey } from '../../formats/signed-note.ts';
import { parseCheckpoint } from '../../formats/tlog-checkpoint.ts';
import { type WitnessIdentity, WitnessRefusal } from './identity.ts';

const FORMAT = 'strongroom witnessed log 1';
const shape = record(
  { format: oneOf(FORMAT), origin: text, key: text, addedAt: isoTime },
  {
    /** Signed by the log and by the witness; absent: none was cosigned yet. */
    checkpoint: text,
    /** Signed by the log, and no continuation of what was cosigned: it proves that the log was forked. */
    forked: text,
  },
);
type LogFile = ReturnType<typeof shape>;

export interface AcceptedLog {
  readonly origin: string;
  readonly verifier: NoteVerifier;
  readonly file: LogFile;
  /** Of the checkpoint that was cosigned last. */
  readonly size: number;
  readonly root: Buffer;
  /** Seconds since 1970; undefined: never. */
  readonly cosignedAt: number | undefined;
}

export class AcceptedLogs {
  readonly #folder: string;
  readonly #identity: WitnessIdentity;

  constructor(folder: string, identity: WitnessIdentity) {
    this.#folder = join(folder, 'logs');
    this.#identity = identity;
  }

  /** Only one process cosigns. @throws WitnessRefusal when another one does */
  lock(): Disposable {
    makePrivateFolder(this.#folder);
    const lock = lockFile(join(this.#folder, 'lock'));
    if (lock === undefined) throw new WitnessRefusal(`another process serves ${this.#folder}; stop it first`);
    return lock;
  }

  /** @param key as the log's checkpoints are verified with @throws WitnessRefusal, NoteError */
  add(origin: string, key: string, now: Date): AcceptedLog {
    parseVkey(key);
    if (origin === '' || /[\p{Cc}]/u.test(origin)) throw new WitnessRefusal('the origin of a log is one line');
    makePrivateFolder(this.#folder);
    const file: LogFile = { format: FORMAT, origin, key, addedAt: now.toISOString() };
    if (!createFileSync(this.#path(origin), print(file))) {
      throw new WitnessRefusal(
        `the log ${origin} is accepted already; its key is never exchanged: a log with another key is another log`,
      );
    }
    return this.#opened(file);
  }

  /** Undefined: none of that name is accepted. @throws WitnessRefusal when its file was damaged */
  get(origin: string): AcceptedLog | undefined {
    const path = this.#path(origin);
    if (!existsSync(path)) return undefined;
    const log = this.#read(path);
    if (log.origin !== origin) throw new WitnessRefusal(`${path} is of another log (${log.origin})`);
    return log;
  }

  all(): readonly AcceptedLog[] {
    if (!existsSync(this.#folder)) return [];
    return readdirSync(this.#folder)
      .filter((name) => name.endsWith('.json'))
      .map((name) => this.#read(join(this.#folder, name)))
      .sort((a, b) => (a.origin < b.origin ? -1 : 1));
  }

  /** Durable when it returns. @param checkpoint with both signatures */
  keep({ file }: AcceptedLog, checkpoint: string): void {
    replaceFileSync(this.#path(file.origin), print({ ...file, checkpoint }));
  }

  /** The first proof that a log was forked is kept; there is room for no more. */
  keepFork({ file }: AcceptedLog, forked: string): void {
    if (file.forked === undefined) replaceFileSync(this.#path(file.origin), print({ ...file, forked }));
  }

  #path(origin: string): string {
    return join(this.#folder, `${hash('sha256', origin)}.json`);
  }

  #read(path: string): AcceptedLog {
    try {
      return this.#opened(shape(JSON.parse(readFileSync(path, 'utf8')), 'log'));
    } catch (cause) {
      if (!(cause instanceof ShapeError || cause instanceof NoteError || cause instanceof SyntaxError)) throw cause;
      throw new WitnessRefusal(
        `${path} is damaged (${cause.message}): what was cosigned of this log is not known, and nothing of it is cosigned any more`,
        { cause },
      );
    }
  }

  #opened(file: LogFile): AcceptedLog {
    const verifier = parseVkey(file.key);
    const log = { origin: file.origin, verifier, file };
    if (file.checkpoint === undefined) return { ...log, size: 0, root: EMPTY_ROOT, cosignedAt: undefined };
    const { note, checkpoint } = parseCheckpoint(file.checkpoint);
    const time = cosignedAt(note, this.#identity.verifier);
    if (time === undefined || checkpoint.origin !== file.origin)
      throw new NoteError('its checkpoint is not of this witness');
    return { ...log, size: checkpoint.size, root: checkpoint.root, cosignedAt: time };
  }
}

function print(file: LogFile): string {
  return `${JSON.stringify(file, null, 2)}\n`;
}
