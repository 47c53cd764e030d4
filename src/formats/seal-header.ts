// The beginning of the module's sealed state: by what it is sealed, in the clear, so that whoever opens it knows what is
// needed. It is bound into what follows; until that has opened, nothing in it is more than a claim.
import { fromBase64url } from './base64url.ts';
import { integer, matching, oneOf, type Reader, record, ShapeError, text } from './shape.ts';

/** First byte of a state that has a header. Older ones begin with 1, have none and are sealed by the file `seal.key`. */
const FORMAT = 2;
const PREFIX = 5;
const MAX_HEADER = 64 * 1024;
export const OLD_KEY_FILE = 'seal.key';

/** Of a passphrase that a seal is made of. */
export const PASSPHRASE_BYTES = { least: 12, most: 1024 } as const;

/** Argon2id (RFC 9106); memory in KiB. */
export interface PassphraseCost {
  readonly memory: number;
  readonly passes: number;
  readonly lanes: number;
}

export type Seal =
  | { readonly kind: 'file'; readonly keyFile: string }
  | ({ readonly kind: 'passphrase'; readonly salt: string } & PassphraseCost)
  /** `shares`: text of the share list (formats/seal-shares). */
  | { readonly kind: 'quorum'; readonly required: number; readonly shares: string };
export type SealKind = Seal['kind'];

export interface SealHeader {
  readonly instanceId: string;
  readonly instanceName: string;
  readonly seal: Seal;
}

export interface SealedState {
  /** Absent in the old form. */
  readonly header: SealHeader | undefined;
  /** The header's bytes, which are bound in. */
  readonly bound: Buffer;
  readonly box: Buffer;
}

export class SealHeaderError extends Error {
  override readonly name = 'SealHeaderError';
}

export function encodeSealHeader(header: SealHeader): Buffer {
  const json = Buffer.from(JSON.stringify(header), 'utf8');
  const prefix = Buffer.alloc(PREFIX);
  prefix[0] = FORMAT;
  prefix.writeUInt32LE(json.length, 1);
  return Buffer.concat([prefix, json]);
}

/** @throws SealHeaderError */
export function splitSealedState(file: Buffer): SealedState {
  if (file[0] === 1) return { header: undefined, bound: Buffer.alloc(0), box: file };
  if (file[0] !== FORMAT || file.length < PREFIX) throw new SealHeaderError('the sealed state has an unknown format');
  const length = file.readUInt32LE(1);
  if (length > MAX_HEADER || PREFIX + length > file.length) throw new SealHeaderError('the sealed state is cut off');
  const bound = file.subarray(0, PREFIX + length);
  try {
    const header = shape(JSON.parse(bound.toString('utf8', PREFIX)), 'header');
    return { header, bound, box: file.subarray(PREFIX + length) };
  } catch (cause) {
    const why = cause instanceof ShapeError ? cause.message : 'the header is not JSON';
    throw new SealHeaderError(`the sealed state is damaged: ${why}`, { cause });
  }
}

/** What a stored cost may be: whoever edits it must not make a start take all of the machine's memory. */
export const COST_LIMITS = {
  memory: { least: 64 * 1024, most: 4 * 1024 * 1024 },
  passes: { least: 1, most: 10 },
  lanes: { least: 1, most: 8 },
} as const;

const memory = integer(COST_LIMITS.memory.least, COST_LIMITS.memory.most);
const passes = integer(COST_LIMITS.passes.least, COST_LIMITS.passes.most);
const lanes = integer(COST_LIMITS.lanes.least, COST_LIMITS.lanes.most);
/** @throws ShapeError */
export const readPassphraseCost: Reader<PassphraseCost> = record({ memory, passes, lanes });

const salt: Reader<string> = (value, path) => {
  try {
    if (fromBase64url(text(value, path)).length === 16) return value as string;
  } catch (cause) {
    throw new ShapeError(`${path} must be base64url`, { cause });
  }
  throw new ShapeError(`${path} must be 16 bytes`);
};
const kinds: Readonly<Record<SealKind, Reader<object>>> = {
  file: record({ kind: oneOf('file'), keyFile: matching(/^seal(-[0-9a-f]{16})?\.key$/, 'the name of a key file') }),
  passphrase: record({ kind: oneOf('passphrase'), salt, memory, passes, lanes }),
  quorum: record({ kind: oneOf('quorum'), required: integer(2, 10), shares: text }),
};
const seal: Reader<Seal> = (value, path) => {
  const { kind } = (typeof value === 'object' && value !== null ? value : {}) as { readonly kind?: unknown };
  return kinds[oneOf('file', 'passphrase', 'quorum')(kind, `${path}.kind`)](value, path) as Seal;
};
const shape: Reader<SealHeader> = record({ instanceId: text, instanceName: text, seal });
