// A ceremony in its folder on the operator's machine: the journal, and the files that came in and went out. Everything
// that is known of it comes from the journal, so that it can be taken up after any interruption.
import { createHash, randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type CeremonyKind, isCeremonyKind } from '../../features/ceremony/recorded.ts';
import { replaceFile } from '../../files/durable-file.ts';
import { lockFile } from '../../files/file-lock.ts';
import { optionWords, ownCommand } from '../../formats/own-command.ts';
import { CeremonyError } from './ceremony-error.ts';
import { type Entry, type FileFact, Journal, type NewEntry, readJournal } from './journal.ts';

export interface CeremonySettings {
  readonly kind: CeremonyKind;
  /** How many custodians there will be, and how many of them will be needed; of a recovery the domain file says it. */
  readonly custodians?: number;
  readonly required?: number;
  /** The instance as its people call it. */
  readonly instance: string;
  /** How to reach it; means something to the command line alone. */
  readonly address: Readonly<Record<string, string>>;
}

/** Who does it, and when. */
export interface Hand {
  readonly who: string;
  readonly now: () => Date;
}

const JOURNAL = 'journal.jsonl';

export class Ceremony implements Disposable {
  readonly folder: string;
  readonly id: string;
  readonly settings: CeremonySettings;
  readonly #journal: Journal;
  readonly #lock: Disposable;
  readonly #hand: Hand;

  private constructor(folder: string, journal: Journal, lock: Disposable, hand: Hand) {
    this.folder = folder;
    this.#journal = journal;
    this.#lock = lock;
    this.#hand = hand;
    const { id, settings } = startOf(journal.entries, folder);
    this.id = id;
    this.settings = settings;
  }

  /** @throws CeremonyError when one is there already */
  static start(folder: string, settings: CeremonySettings, hand: Hand): Ceremony {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const lock = takeLock(folder);
    try {
      const journal = Journal.open(join(folder, JOURNAL));
      if (journal.entries.length > 0) {
        throw new CeremonyError(`${folder} holds a ceremony already: go on with it, or name another folder`);
      }
      const { address, kind, instance, custodians, required } = settings;
      journal.add(
        {
          step: 'start',
          what: 'started',
          text: `${kind} of ${instance}`,
          facts: {
            id: randomUUID(),
            kind,
            instance,
            ...(custodians === undefined ? {} : { custodians: String(custodians) }),
            ...(required === undefined ? {} : { required: String(required) }),
            ...Object.fromEntries(Object.entries(address).map(([name, value]) => [`address.${name}`, value])),
          },
        },
        hand.who,
        hand.now(),
      );
      return new Ceremony(folder, journal, lock, hand);
    } catch (error) {
      lock[Symbol.dispose]();
      throw error;
    }
  }

  /** @throws CeremonyError when there is none, its journal was changed, or somebody else is at work on it */
  static open(folder: string, hand: Hand): Ceremony {
    if (!existsSync(join(folder, JOURNAL))) {
      throw new CeremonyError(
        `there is no ceremony in ${folder}: begin one with '${ownCommand(`ceremony start KIND${optionWords({ folder })}`)}'`,
      );
    }
    const lock = takeLock(folder);
    try {
      return new Ceremony(folder, Journal.open(join(folder, JOURNAL)), lock, hand);
    } catch (error) {
      lock[Symbol.dispose]();
      throw error;
    }
  }

  get entries(): readonly Entry[] {
    return this.#journal.entries;
  }

  get head(): string {
    return this.#journal.head;
  }

  add(entry: NewEntry): Entry {
    return this.#journal.add(entry, this.#hand.who, this.#hand.now());
  }

  /** Entries of a step, of one kind. */
  of(step: string, what: Entry['what']): readonly Entry[] {
    return this.entries.filter((entry) => entry.step === step && entry.what === what);
  }

  isOver(step: string): boolean {
    return this.entries.some((entry) => entry.step === step && (entry.what === 'done' || entry.what === 'skipped'));
  }

  /** The latest that any step has noted under this name. */
  fact(name: string): string | undefined {
    return this.entries.findLast(({ facts }) => facts?.[name] !== undefined)?.facts?.[name];
  }

  /** @throws CeremonyError */
  requireFact(name: string): string {
    const fact = this.fact(name);
    if (fact === undefined) throw new CeremonyError(`the ceremony does not know its ${name} yet`);
    return fact;
  }

  /** Writes a file of the ceremony, durable before its line is. */
  async keep(name: string, role: FileFact['role'], content: string | Uint8Array): Promise<FileFact> {
    const path = join(this.folder, name);
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    await replaceFile(path, content);
    return { name, role, ...factsOf(content) };
  }

  /** A file that was kept, as it was kept. @throws CeremonyError when it is another now */
  read(name: string): Buffer {
    const kept = this.entries.findLast(({ file }) => file?.name === name)?.file;
    if (kept === undefined) throw new CeremonyError(`the ceremony has no file ${name}`);
    return readKept(this.folder, kept);
  }

  [Symbol.dispose](): void {
    this.#lock[Symbol.dispose]();
  }
}

/** To look at, while somebody may be at work on it. @throws CeremonyError */
export function readCeremony(folder: string): {
  readonly id: string;
  readonly settings: CeremonySettings;
  readonly entries: readonly Entry[];
  readonly head: string;
} {
  const { entries, head } = readJournal(join(folder, JOURNAL));
  return { ...startOf(entries, folder), entries, head };
}

/** @throws CeremonyError naming the file */
export function readKept(folder: string, { name, sha256 }: FileFact): Buffer {
  let content: Buffer;
  try {
    content = readFileSync(join(folder, name));
  } catch (cause) {
    throw new CeremonyError(`${join(folder, name)} is gone`, { cause });
  }
  if (factsOf(content).sha256 !== sha256) {
    throw new CeremonyError(`${join(folder, name)} is not as the ceremony kept it: it was changed`);
  }
  return content;
}

export function factsOf(content: string | Uint8Array): Pick<FileFact, 'bytes' | 'sha256'> {
  const bytes = typeof content === 'string' ? Buffer.from(content, 'utf8') : content;
  return { bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') };
}

function startOf(
  entries: readonly Entry[],
  folder: string,
): { readonly id: string; readonly settings: CeremonySettings } {
  const facts = entries[0]?.what === 'started' ? entries[0].facts : undefined;
  const { id, kind, instance, custodians, required } = facts ?? {};
  if (id === undefined || kind === undefined || !isCeremonyKind(kind) || instance === undefined) {
    throw new CeremonyError(
      `there is no ceremony in ${folder}: begin one with '${ownCommand(`ceremony start KIND${optionWords({ folder })}`)}'`,
    );
  }
  const address = Object.entries(facts ?? {})
    .filter(([name]) => name.startsWith('address.'))
    .map(([name, value]) => [name.slice('address.'.length), value]);
  return {
    id,
    settings: {
      kind,
      instance,
      ...(custodians === undefined ? {} : { custodians: Number(custodians) }),
      ...(required === undefined ? {} : { required: Number(required) }),
      address: Object.fromEntries(address) as Readonly<Record<string, string>>,
    },
  };
}

/** One person at a time. */
function takeLock(folder: string): Disposable {
  const lock = lockFile(join(folder, '.lock'));
  if (lock !== undefined) return lock;
  throw new CeremonyError(`somebody is at work on the ceremony in ${folder}: wait until they are done`);
}
