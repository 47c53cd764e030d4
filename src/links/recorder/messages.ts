// What a service worker and the recorder say to each other: the closed list. Entries and acknowledgements have fixed
// layouts of their own because every request pays for them; the rest are plain fields.
import { type FieldList, fields, type Values } from '../../formats/fields.ts';
import { encodeFrame } from '../../formats/frames.ts';
import { readU64, writeU64 } from '../../formats/journal-format.ts';
import { MAX_ENTRY } from '../../formats/tlog-tiles.ts';

/** Bytes of an append before its entry. */
export const APPEND_HEAD = 16;
/** Largest frame (length field) on these connections: an append with the largest entry. */
export const MAX_RECORDER_FRAME: number = 5 + APPEND_HEAD + MAX_ENTRY;
/** Bytes that name a worker process for as long as it lives. */
export const NONCE_LENGTH = 8;

function message<const L extends FieldList>(kind: number, list: L) {
  const { encode, decode } = fields(list);
  return { kind, decode, frame: (values: Values<L>, id = 0): Buffer => encodeFrame(id, kind, encode(values)) };
}

/** Worker, first: who it is. Answered with `welcome`. */
export const hello = message(1, { version: 'u8', nonce: 'bytes' });
export const welcome = message(2, { version: 'u8' });
/** Kind of an append. Worker: `u64 counter | u64 store head or 0 | entry`. Counters of a worker only grow. */
export const APPEND = 3;
/** Recorder: `u64 counter`; everything this worker sent up to it is durable. */
export const acknowledged = {
  kind: 4,
  frame(through: number): Buffer {
    const payload = Buffer.allocUnsafe(8);
    writeU64(payload, through, 0);
    return encodeFrame(0, 4, payload);
  },
  decode: (payload: Buffer): number | undefined => (payload.length === 8 ? readU64(payload, 0) : undefined),
};
/** Recorder, last: what was sent up to the counter and not acknowledged is not stored. It then closes. */
export const failed = message(5, { through: 'u64', message: 'text' });
/** Recorder: have this checkpoint signed. Answered on the same id with `signed` or `notSigned`. */
export const signRequest = message(6, { size: 'u64', root: 'bytes' });
export const signed = message(7, { note: 'text' });
export const notSigned = message(8, { message: 'text' });
/** Worker: answered on the same id with `status`. */
export const askStatus = message(9, {});
export const status = message(10, { size: 'u64', root: 'bytes', checkpointSize: 'u64', newestHead: 'u64' });
/** Worker: answered on the same id with `newestHead` once the log lacks no entry of this head; a second later in any case. */
export const askHead = message(13, { sequence: 'u64', hash: 'text', entries: 'u32' });
/** What entries name, and how many. */
export const newestHead = message(14, { sequence: 'u64', hash: 'text', entries: 'u32' });
/** Worker: about to close; answered with `left` once a checkpoint covers the log or cannot be had. */
export const leave = message(11, {});
export const left = message(12, {});

/** A recorder speaks with workers of both; the first has no `askHead`. */
export const PROTOCOL_VERSION = 2;
