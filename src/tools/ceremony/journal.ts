// The journal of a ceremony: one JSON line for everything that happened, each naming the hash of the line before, so that
// nothing can be changed, moved or left out unseen. Lines are only added, each durable before anything goes on.
import { createHash } from 'node:crypto';
import { DurableJournal, readJournal as readLines } from '../../files/durable-journal.ts';
import { orThrow, Refusal } from '../../formats/refusal.ts';
import { integer, mapOf, matching, oneOf, record, ShapeError, text } from '../../formats/shape.ts';

const ENTRY_KINDS = [
  ...(['started', 'begun', 'file', 'read-back', 'mismatch', 'answer', 'refused'] as const),
  ...(['done', 'skipped', 'note', 'reported'] as const),
] as const;

const hex = matching(/^[0-9a-f]{64}$/, 'a SHA-256 in hex');
/** `name`: its path below the ceremony's folder. */
const file = record({ name: text, role: oneOf('input', 'output'), bytes: integer(0, 1e12), sha256: hex });
/** What later steps and the report need of an entry, by name. */
const facts = mapOf(text);
/** `previous`: hash of the line before; zeros for the first. */
const shape = record(
  { n: integer(1, 1e9), at: text, who: text, step: text, what: oneOf(...ENTRY_KINDS), text, previous: hex },
  { file, facts },
);

export type FileFact = ReturnType<typeof file>;
export type Facts = ReturnType<typeof facts>;
export type Entry = ReturnType<typeof shape>;

export interface NewEntry extends Pick<Entry, 'step' | 'what' | 'text'> {
  readonly file?: FileFact;
  readonly facts?: Facts | undefined;
}

type ReadJournal = ReturnType<typeof parse>;

export class Journal {
  readonly entries: Entry[];
  readonly #file: DurableJournal;
  #head: string;

  private constructor(file: DurableJournal, { entries, head }: ReadJournal) {
    this.#file = file;
    this.entries = entries;
    this.#head = head;
  }

  /** To write on. @throws Refusal */
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

/** Absent: empty. @throws Refusal naming the line that is not as it was written */
export function readJournal(path: string): ReadJournal {
  return parse(readLines(path));
}

function parse(lines: readonly string[]) {
  const entries: Entry[] = [];
  let head = '0'.repeat(64);
  for (const line of lines) {
    const n = entries.length + 1;
    const entry = orThrow(
      () => shape(JSON.parse(line), 'entry'),
      (cause) => {
        const why = cause instanceof ShapeError ? cause.message : 'it is not JSON';
        return new Refusal(`line ${n} of the journal does not read (${why}): it was changed`, { cause });
      },
    );
    if (entry.n !== n || entry.previous !== head) {
      throw new Refusal(`line ${n} of the journal does not follow the one before: something was changed or removed`);
    }
    entries.push(entry);
    head = hashOf(line);
  }
  return { entries, head };
}

function hashOf(line: string): string {
  return createHash('sha256').update(`${line}\n`, 'utf8').digest('hex');
}
