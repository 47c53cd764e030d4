// The journal of a ceremony: one JSON line for everything that happened, each naming the hash of the line before, so that
// nothing can be changed, moved or left out unseen. Lines are only added, each durable before anything goes on.
import { createHash } from 'node:crypto';
import { DurableJournal, readJournal as readLines } from '../../files/durable-journal.ts';
import { integer, matching, oneOf, type Reader, record, ShapeError, text } from '../../formats/shape.ts';

/** Why a ceremony does not go on, for its people to read and act on. */
export class CeremonyError extends Error {
  override readonly name = 'CeremonyError';
}

const ENTRY_KINDS = [
  ...(['started', 'begun', 'file', 'read-back', 'mismatch', 'answer', 'refused'] as const),
  ...(['done', 'skipped', 'note', 'reported'] as const),
] as const;
type EntryKind = (typeof ENTRY_KINDS)[number];

export interface FileFact {
  /** Path below the ceremony's folder. */
  readonly name: string;
  readonly role: 'input' | 'output';
  readonly bytes: number;
  /** Hex. */
  readonly sha256: string;
}

/** What later steps and the report need of an entry, by name. */
export type Facts = Readonly<Record<string, string>>;

export interface Entry {
  readonly n: number;
  readonly at: string;
  readonly who: string;
  readonly step: string;
  readonly what: EntryKind;
  readonly text: string;
  readonly file?: FileFact;
  readonly facts?: Facts;
  /** Hash of the line before, hex; zeros for the first. */
  readonly previous: string;
}

export type NewEntry = Pick<Entry, 'step' | 'what' | 'text' | 'file' | 'facts'>;

export class Journal {
  readonly entries: Entry[];
  readonly #file: DurableJournal;
  #head: string;

  private constructor(file: DurableJournal, { entries, head }: ReadJournal) {
    this.#file = file;
    this.entries = entries;
    this.#head = head;
  }

  /** To write on. @throws CeremonyError */
  static open(path: string): Journal {
    const file = DurableJournal.open(path);
    return new Journal(file, parse(file.found));
  }

  /** Hash of the last line, hex. */
  get head(): string {
    return this.#head;
  }

  /** Durable when it returns. */
  add(entry: NewEntry, who: string, at: Date): Entry {
    const { step, what, text: said, file, facts: noted } = entry;
    const made = {
      ...{ n: this.entries.length + 1, at: at.toISOString(), who, step, what, text: said },
      ...(file && { file }),
      ...(noted && { facts: noted }),
      previous: this.#head,
    };
    const line = JSON.stringify(made);
    this.#file.add(line);
    this.entries.push(made);
    this.#head = hashOf(line);
    return made;
  }
}

interface ReadJournal {
  readonly entries: Entry[];
  readonly head: string;
}

/** Absent: empty. @throws CeremonyError naming the line that is not as it was written */
export function readJournal(path: string): ReadJournal {
  return parse(readLines(path));
}

function parse(lines: readonly string[]): ReadJournal {
  const entries: Entry[] = [];
  let head = ZEROS;
  for (const line of lines) {
    entries.push(readLine(line, entries.length + 1, head));
    head = hashOf(line);
  }
  return { entries, head };
}

const ZEROS = '0'.repeat(64);

function hashOf(line: string): string {
  return createHash('sha256').update(`${line}\n`, 'utf8').digest('hex');
}

function readLine(line: string, n: number, previous: string): Entry {
  let entry: Entry;
  try {
    entry = shape(JSON.parse(line), 'entry');
  } catch (cause) {
    const why = cause instanceof ShapeError ? cause.message : 'it is not JSON';
    throw new CeremonyError(`line ${n} of the journal does not read (${why}): it was changed`, { cause });
  }
  if (entry.n !== n || entry.previous !== previous) {
    throw new CeremonyError(
      `line ${n} of the journal does not follow the one before: something was changed or removed`,
    );
  }
  return entry;
}

const hex = matching(/^[0-9a-f]{64}$/, 'a SHA-256 in hex');
const facts: Reader<Facts> = (value, path) => {
  if (typeof value !== 'object' || value === null || Object.values(value).some((each) => typeof each !== 'string')) {
    throw new ShapeError(`${path} must be texts by name`);
  }
  return Object.assign(Object.create(null) as Record<string, string>, value);
};
const shape = record(
  { n: integer(1, 1e9), at: text, who: text, step: text, what: oneOf(...ENTRY_KINDS), text, previous: hex },
  { file: record({ name: text, role: oneOf('input', 'output'), bytes: integer(0, 1e12), sha256: hex }), facts },
) as Reader<Entry>;
