// What a service worker and the recorder say to each other: the closed list. Entries and acknowledgements have fixed
// layouts of their own because every request pays for them; the rest are plain fields.
import { fields } from '../../formats/fields.ts';
import { readU64, writeU64 } from '../../formats/journal-format.ts';
import { MAX_ENTRY } from '../../formats/tlog-tiles.ts';

/** Bytes of an append before its entry. */
export const APPEND_HEAD = 16;
/** Largest frame (length field) on these connections: an append with the largest entry. */
export const MAX_RECORDER_FRAME: number = 5 + APPEND_HEAD + MAX_ENTRY;
/** Bytes that name a worker process for as long as it lives. */
export const NONCE_LENGTH = 8;

export const kinds = {
  /** Worker, first: who it is. Answered with `welcome`. */
  hello: 1,
  welcome: 2,
  /** Worker: `u64 counter | u64 store head or 0 | entry`. Counters of a worker only grow. */
  append: 3,
  /** Recorder: `u64 counter`; everything this worker sent up to it is durable. */
  acknowledged: 4,
  /** Recorder, last: what was sent up to the counter and not acknowledged is not stored. It then closes. */
  failed: 5,
  /** Recorder: have this checkpoint signed. Answered on the same id with `signed` or `notSigned`. */
  signRequest: 6,
  signed: 7,
  notSigned: 8,
  /** Worker: answered on the same id with `status`. */
  askStatus: 9,
  status: 10,
  /** Worker: about to close; answered with `left` once a checkpoint covers the log or cannot be had. */
  leave: 11,
  left: 12,
} as const;

export const hello = fields({ version: 'u8', nonce: 'bytes' });
export const welcome = fields({ version: 'u8' });
export const failed = fields({ through: 'u64', message: 'text' });
export const signRequest = fields({ size: 'u64', root: 'bytes' });
export const signed = fields({ note: 'text' });
export const notSigned = fields({ message: 'text' });
export const nothing = fields({});
export const status = fields({
  size: 'u64',
  root: 'bytes',
  checkpointSize: 'u64',
  newestHead: 'u64',
});

export const PROTOCOL_VERSION = 1;

export function encodeAcknowledged(through: number): Buffer {
  const payload = Buffer.allocUnsafe(8);
  writeU64(payload, through, 0);
  return payload;
}

export function decodeAcknowledged(payload: Buffer): number | undefined {
  return payload.length === 8 ? readU64(payload, 0) : undefined;
}
