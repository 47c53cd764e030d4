// The beginning of the module's sealed state: by what it is sealed, in the clear, so that whoever opens it knows what is
// needed. It is bound into what follows; until that has opened, nothing in it is more than a claim.
import { fromBase64url } from './base64url.ts';
import { FieldsError } from './fields.ts';

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

export function encodeSealHeader(header: SealHeader): Buffer {
  const json = Buffer.from(JSON.stringify(header), 'utf8');
  const prefix = Buffer.alloc(PREFIX);
  prefix[0] = FORMAT;
  prefix.writeUInt32LE(json.length, 1);
  return Buffer.concat([prefix, json]);
}

/** @throws FieldsError */
export function splitSealedState(file: Buffer): SealedState {
  if (file[0] === 1) return { header: undefined, bound: Buffer.alloc(0), box: file };
  if (file[0] !== FORMAT || file.length < PREFIX) throw new FieldsError('the sealed state has an unknown format');
  const length = file.readUInt32LE(1);
  if (length > MAX_HEADER || PREFIX + length > file.length) throw new FieldsError('the sealed state is cut off');
  const bound = file.subarray(0, PREFIX + length);
  return { header: readHeader(bound.toString('utf8', PREFIX)), bound, box: file.subarray(PREFIX + length) };
}

/** What a stored cost may be: whoever edits it must not make a start take all of the machine's memory. */
export const COST_LIMITS = {
  memory: { least: 64 * 1024, most: 4 * 1024 * 1024 },
  passes: { least: 1, most: 10 },
  lanes: { least: 1, most: 8 },
} as const;

type Check = (value: unknown) => boolean;
type Members = Readonly<Record<string, Check>>;

const isText: Check = (value) => typeof value === 'string';
const isKeyFile: Check = (value) => isText(value) && /^seal(-[0-9a-f]{16})?\.key$/.test(value as string);
const isSalt: Check = (value) => {
  try {
    return isText(value) && fromBase64url(value as string).length === 16;
  } catch {
    // Not base64url.
    return false;
  }
};
const within =
  ({ least, most }: { readonly least: number; readonly most: number }): Check =>
  (value) =>
    Number.isInteger(value) && (value as number) >= least && (value as number) <= most;

const headerMembers: Members = { instanceId: isText, instanceName: isText, seal: (value) => value instanceof Object };
const sealMembers: Readonly<Record<SealKind, Members>> = {
  file: { kind: isText, keyFile: isKeyFile },
  passphrase: {
    kind: isText,
    salt: isSalt,
    memory: within(COST_LIMITS.memory),
    passes: within(COST_LIMITS.passes),
    lanes: within(COST_LIMITS.lanes),
  },
  quorum: { kind: isText, required: within({ least: 2, most: 10 }), shares: isText },
};

function readHeader(text: string): SealHeader {
  let header: SealHeader;
  try {
    header = JSON.parse(text) as SealHeader;
  } catch (cause) {
    throw new FieldsError('the sealed state is damaged: the header is not JSON', { cause });
  }
  requireMembers(header, headerMembers, 'header');
  const { kind } = header.seal;
  if (!Object.hasOwn(sealMembers, kind)) throw new FieldsError('the sealed state is damaged: its seal is unknown');
  requireMembers(header.seal, sealMembers[kind], 'header.seal');
  return header;
}

/** Exactly these. @throws FieldsError */
function requireMembers(value: unknown, members: Members, path: string): void {
  const found = Object(value) as Readonly<Record<string, unknown>>;
  const names = new Set([...Object.keys(found), ...Object.keys(members)]);
  const wrong = [...names].find((name) => !Object.hasOwn(members, name) || !(members[name] as Check)(found[name]));
  if (wrong !== undefined) throw new FieldsError(`the sealed state is damaged: ${path}.${wrong} is wrong`);
}
