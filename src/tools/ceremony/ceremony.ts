// A ceremony in its folder on the operator's machine: the journal, and the files that came in and went out. Everything
// that is known of it comes from the journal, so that it can be taken up after any interruption.

import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { replaceFile } from '../../files/durable-file.ts';
import { syncFolder } from '../../files/durable-file-sync.ts';
import { lockFile } from '../../files/file-lock.ts';
import { Refusal } from '../../formats/refusal.ts';
import { type Entry, type Facts, type FileFact, Journal, type NewEntry } from './journal.ts';
import { ADDRESS, type CeremonySettings, factsOf, JOURNAL, readKept, startOf, thereIsNone } from './kept.ts';

/** Who does it, and when. */
export interface Hand {
  readonly who: string;
  readonly now: () => Date;
}

export class Ceremony implements Disposable {
  readonly folder: string;
  readonly id: string;
  readonly settings: CeremonySettings;
  readonly #journal: Journal;
  readonly #lock: Disposable;
  readonly #hand: Hand;

  private constructor(folder: string, hand: Hand, first?: CeremonySettings) {
    using lock = new DisposableStack();
    lock.use(takeLock(folder));
    this.folder = folder;
    this.#hand = hand;
    this.#journal = Journal.open(join(folder, JOURNAL));
    if (first !== undefined) {
      if (this.entries.length > 0) {
        throw new Refusal(`${folder} holds a ceremony already: go on with it, or name another folder`);
      }
      this.add(startEntry(first));
    }
    ({ id: this.id, settings: this.settings } = startOf(this.entries, folder));
    this.#lock = lock.move();
  }

  /** @throws Refusal when one is there already */
  static start(folder: string, settings: CeremonySettings, hand: Hand): Ceremony {
    makeFolder(folder);
    return new Ceremony(folder, hand, settings);
  }

  /** @throws Refusal when there is none, its journal was changed, or somebody else is at work on it */
  static open(folder: string, hand: Hand): Ceremony {
    if (!existsSync(join(folder, JOURNAL))) throw thereIsNone(folder);
    return new Ceremony(folder, hand);
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

  fact(name: string): string | undefined {
    return factIn(this.entries, name);
  }

  requireFact(name: string): string {
    const fact = this.fact(name);
    if (fact === undefined) throw new Refusal(`the ceremony does not know its ${name} yet`);
    return fact;
  }

  /** Writes a file of the ceremony, durable before its line is. */
  async keep(name: string, role: FileFact['role'], content: string | Uint8Array): Promise<FileFact> {
    const path = join(this.folder, name);
    makeFolder(dirname(path));
    await replaceFile(path, content);
    return { name, role, ...factsOf(content) };
  }

  /** A file that was kept, as it was kept. @throws Refusal when it is another now */
  read(name: string): Buffer {
    const kept = this.entries.findLast(({ file }) => file?.name === name)?.file;
    if (kept === undefined) throw new Refusal(`the ceremony has no file ${name}`);
    return readKept(this.folder, kept);
  }

  [Symbol.dispose](): void {
    this.#lock[Symbol.dispose]();
  }
}

/** The latest that any step has noted under this name. */
export function factIn(entries: readonly Entry[], name: string): string | undefined {
  return entries.findLast(({ facts }) => facts?.[name] !== undefined)?.facts?.[name];
}

function startEntry({ kind, instance, custodians, required, address }: CeremonySettings): NewEntry {
  const facts: Facts = {
    id: randomUUID(),
    kind,
    instance,
    ...(custodians === undefined ? {} : { custodians: String(custodians) }),
    ...(required === undefined ? {} : { required: String(required) }),
    ...Object.fromEntries(Object.entries(address).map(([name, value]) => [ADDRESS + name, value])),
  };
  return { step: 'start', what: 'started', text: `${kind} of ${instance}`, facts };
}

/** With those above it, all of them durable. */
function makeFolder(path: string): void {
  const first = mkdirSync(path, { recursive: true, mode: 0o700 });
  if (first === undefined) return;
  for (let made = resolve(path); ; made = dirname(made)) {
    syncFolder(dirname(made));
    if (made === resolve(first) || made === dirname(made)) return;
  }
}

/** One person at a time. The lock is the operating system's, so it goes with its process however that ends. */
function takeLock(folder: string): Disposable {
  const lock = lockFile(join(folder, '.lock'));
  if (lock !== undefined) return lock;
  throw new Refusal(`somebody is at work on the ceremony in ${folder}: wait until they are done`);
}
