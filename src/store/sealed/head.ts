// The value of the record named `head`: what every commit replaces, and all other records are checked against.
import { Buffer } from 'node:buffer';
import { integer, matching, record, text } from '../../formats/shape.ts';

/** The record's name; no other record may have it. */
export const HEAD = 'head';

const count = integer(0, Number.MAX_SAFE_INTEGER);
const shape = record(
  {
    /** The store's revision. */
    sequence: integer(1, Number.MAX_SAFE_INTEGER),
    /** Incremental hash over all records: key, revision and sealed value; base64url. */
    hash: matching(/^[\w-]{43}$/, 'a SHA-256 in base64url'),
    /** How many there are, which tells a missing record from an old one. */
    records: count,
  },
  {
    /** Of the module's state under which it was sealed; absent, with what follows: of a version before. */
    generation: count,
    /** With `generation`, both the module's word: tells two of its states of one generation apart. */
    state: text,
    /** The module's word too: entries of the newest log that it had signed. */
    log: count,
  },
);
/** What is sealed. */
export type SealedHead = ReturnType<typeof shape>;

export function encodeHead({ sequence, hash, records, generation, state, log }: SealedHead): Buffer {
  return Buffer.from(JSON.stringify({ sequence, hash, records, generation, state, log }), 'utf8');
}

/** Answers undefined for anything that `encodeHead` would not have written. */
export function decodeHead(value: Uint8Array): SealedHead | undefined {
  try {
    const head = shape(JSON.parse(Buffer.from(value).toString('utf8')), 'head');
    const { generation, state, log } = head;
    const named = [generation, state, log].filter((member) => member !== undefined).length;
    return (named === 0 || named === 3) && encodeHead(head).equals(value) ? head : undefined;
  } catch {
    // Not JSON, or of another form: ways not to be a head.
    return undefined;
  }
}
