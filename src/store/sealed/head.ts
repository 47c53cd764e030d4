// The value of the record named `head`: what every commit replaces, and all other records are checked against.
import { Buffer } from 'node:buffer';
import type { Head } from './records.ts';

/** The record's name; no other record may have it. */
export const HEAD = 'head';

/** What is sealed: the head and how many records there are, which tells a missing record from an old one. */
export interface SealedHead extends Head {
  readonly records: number;
  /** With `generation`, both the module's word: tells two of its states of one generation apart. */
  readonly state?: string;
  /** The module's word too: entries of the newest log that it had signed. */
  readonly log?: number;
}

export function encodeHead({ sequence, hash, records, generation, state, log }: SealedHead): Buffer {
  return Buffer.from(JSON.stringify({ sequence, hash, records, generation, state, log }), 'utf8');
}

/** Answers undefined for anything that `encodeHead` would not have written. */
export function decodeHead(value: Uint8Array): SealedHead | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(Buffer.from(value).toString('utf8'));
  } catch {
    // Not JSON is one of the ways not to be a head.
    return undefined;
  }
  if (!isHead(parsed)) return undefined;
  return encodeHead(parsed).equals(value) ? parsed : undefined;
}

function isHead(value: unknown): value is SealedHead {
  if (typeof value !== 'object' || value === null) return false;
  if (!('sequence' in value && 'hash' in value && 'records' in value)) return false;
  const { sequence, hash, records } = value;
  const { generation, state, log } = value as Readonly<Partial<Record<'generation' | 'state' | 'log', unknown>>>;
  const isOfVersionBefore = generation === undefined && state === undefined && log === undefined;
  return (
    (isOfVersionBefore ||
      (Number.isSafeInteger(generation) && typeof state === 'string' && Number.isSafeInteger(log))) &&
    Number.isSafeInteger(sequence) &&
    (sequence as number) > 0 &&
    typeof hash === 'string' &&
    hash.length === 43 &&
    Number.isSafeInteger(records) &&
    (records as number) >= 0
  );
}
