// What is kept of a ceremony, as anybody may read it: its journal, and the files that came in and went out. Writing is
// `ceremony.ts`.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type CeremonyKind, isCeremonyKind } from '../../formats/ceremony-kind.ts';
import { optionWords, ownCommand } from '../../formats/own-command.ts';
import { orThrow, Refusal } from '../../formats/refusal.ts';
import { type Entry, type FileFact, readJournal } from './journal.ts';

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

export interface KeptCeremony {
  readonly id: string;
  readonly settings: CeremonySettings;
  readonly entries: readonly Entry[];
  readonly head: string;
}

export const JOURNAL = 'journal.jsonl';
export const ADDRESS = 'address.';

/** To look at, while somebody may be at work on it. @throws Refusal */
export function readCeremony(folder: string): KeptCeremony {
  const { entries, head } = readJournal(join(folder, JOURNAL));
  return { ...startOf(entries, folder), entries, head };
}

/** @throws Refusal naming the file */
export function readKept(folder: string, { name, sha256 }: FileFact): Buffer {
  const path = join(folder, name);
  const content = orThrow(
    () => readFileSync(path),
    (cause) => new Refusal(`${path} is gone`, { cause }),
  );
  if (factsOf(content).sha256 === sha256) return content;
  throw new Refusal(`${path} is not as the ceremony kept it: it was changed`);
}

export function factsOf(content: string | Uint8Array): Pick<FileFact, 'bytes' | 'sha256'> {
  return { bytes: Buffer.byteLength(content), sha256: createHash('sha256').update(content).digest('hex') };
}

export function startOf(entries: readonly Entry[], folder: string): Pick<KeptCeremony, 'id' | 'settings'> {
  const facts = (entries[0]?.what === 'started' ? entries[0].facts : undefined) ?? {};
  const { id, kind = '', instance, custodians, required } = facts;
  if (id === undefined || !isCeremonyKind(kind) || instance === undefined) throw thereIsNone(folder);
  const address = Object.entries(facts).flatMap(([name, value]) =>
    name.startsWith(ADDRESS) ? [[name.slice(ADDRESS.length), value] as const] : [],
  );
  const people = {
    ...(custodians === undefined ? {} : { custodians: Number(custodians) }),
    ...(required === undefined ? {} : { required: Number(required) }),
  };
  return { id, settings: { kind, instance, ...people, address: Object.fromEntries(address) } };
}

export function thereIsNone(folder: string): Refusal {
  const begin = ownCommand(`ceremony start KIND${optionWords({ folder })}`);
  return new Refusal(`there is no ceremony in ${folder}: begin one with '${begin}'`);
}
