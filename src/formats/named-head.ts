// A store head as the audit log names it: which one, and in how many entries. The service, the recorder and whoever verifies a log
// judge by it whether all that was changed is on record.

import { isSha256 } from './base64url.ts';

export interface NamedHead {
  /** 0: none. */
  readonly sequence: number;
  /** Of what is in the store, 43 characters; '': not known. */
  readonly hash: string;
  /** Entries that name it; of a head in the store, those that are to. */
  readonly entries: number;
}

export const NO_HEAD: NamedHead = { sequence: 0, hash: '', entries: 0 };

/** It is told, and kept, in 32 bits. */
const MOST = 0xffff_ffff;

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value > 0 && value <= MOST;
}

/** What an entry counts for: itself, or as many as it says that there are none of. Undefined: it is not a JSON object. */
export function headNamedBy(entry: Buffer): NamedHead | undefined {
  try {
    const value: unknown = JSON.parse(entry.toString('utf8'));
    if (typeof value !== 'object' || value === null) return undefined;
    const { storeHead } = value as { readonly storeHead?: Readonly<Record<string, unknown>> | null };
    const { sequence, hash, unrecorded } = storeHead ?? {};
    if (!Number.isSafeInteger(sequence)) return NO_HEAD;
    return {
      sequence: Number(sequence),
      hash: isSha256(hash) ? hash : '',
      entries: isCount(unrecorded) ? unrecorded : 1,
    };
  } catch {
    // Not JSON: the caller reports it.
    return undefined;
  }
}

/** The newest that a log names, with one entry more. One that names another hash is not of that head. */
export function withEntry(newest: NamedHead, named: NamedHead): NamedHead {
  if (named.sequence > newest.sequence) return named;
  if (named.sequence < newest.sequence || named.sequence === 0) return newest;
  if (newest.hash !== '' && newest.hash !== named.hash) return newest;
  return { ...named, entries: Math.min(newest.entries + named.entries, MOST) };
}

/** Entries of a head of the store that a log lacks whose newest is the other. Undefined: the log names another head of that sequence. */
export function lackingEntries(head: NamedHead, newest: NamedHead): number | undefined {
  if (newest.sequence !== head.sequence) return newest.sequence > head.sequence ? 0 : head.entries;
  if (newest.hash !== '' && newest.hash !== head.hash) return undefined;
  return Math.max(0, head.entries - newest.entries);
}
