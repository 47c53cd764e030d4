// What is inside the sealed state file, as bytes: everything that must not be older or newer than the rest lies in this
// one box. Each write (`ceremony/state-writer.ts`) makes the next generation, by which an older file put back is known.
import { createHash, type KeyObject } from 'node:crypto';
import { CryptoError } from '../crypto/protocol/messages.ts';
import { fields } from '../formats/fields.ts';
import type { SealedState } from '../formats/seal-header.ts';
import { RootKeys } from './root-keys.ts';
import { openBox } from './sealed-box.ts';

/** Over whom the security domain is split, and how many of them are needed. */
export interface Settled {
  readonly required: number;
  /** SHA-256 of each certificate, base64url, sorted. */
  readonly thumbprints: readonly string[];
}

export interface StateContent {
  readonly state: 'provisioned' | 'active';
  readonly instanceId: string;
  readonly instanceName: string;
  /** Unix seconds. */
  readonly createdAt: number;
  /** One more with each write; 0 of a file of a version before. */
  readonly generation: number;
  /** The digest of each generation before, by its number; '' for what there was before the first. */
  readonly lineage: readonly string[];
  readonly settled: Settled | undefined;
  /** What had been witnessed at least when it was written: the newest store head, and the size of the newest signed log. */
  readonly headFloor: number;
  readonly logFloor: number;
  readonly rootKeys: RootKeys;
}

/** As it was read. */
export interface Provisioned extends StateContent {
  /** Of all of it but the secrets. */
  readonly digest: string;
}

const oldMembers = {
  version: 'u8',
  state: 'text',
  instanceId: 'text',
  instanceName: 'text',
  createdAt: 'u64',
  rootKeys: 'bytes',
} as const;
/** Of versions that kept the custodians in a file of their own: it counts as generation 0. */
const oldLayout = fields(oldMembers);
const { rootKeys, ...identity } = oldMembers;
export const stateLayout = fields({
  ...identity,
  generation: 'u64',
  lineage: 'json',
  required: 'u32',
  thumbprints: 'json',
  headFloor: 'u64',
  logFloor: 'u64',
  rootKeys,
});

export const STATE_VERSION = 2;
const OLD_CONTEXT = Buffer.from('strongroom module state v1');
/** What follows is the header, as it is in the file. */
const HEADER_CONTEXT = Buffer.from('strongroom module state v2\n');

/** @throws CryptoError RecordRefused */
export function decodeState({ header, bound, box }: SealedState, key: KeyObject): Provisioned {
  let plaintext: Buffer | undefined;
  try {
    plaintext = openBox(key, contextOf(bound), box);
    const { version, state, rootKeys, required, thumbprints, lineage: before, ...rest } = decode(plaintext);
    if (state !== 'provisioned' && state !== 'active') throw new Error('unknown state');
    if (version === STATE_VERSION && rest.generation < 1) throw new Error('no generation');
    if (header !== undefined && (header.instanceId !== rest.instanceId || header.instanceName !== rest.instanceName)) {
      throw new Error('the header is of another instance');
    }
    // Authentic: the shape is what a module wrote.
    const settled = required === 0 ? undefined : { required, thumbprints: thumbprints as readonly string[] };
    const lineage = before as readonly string[];
    const content = { ...rest, lineage, state, settled, rootKeys: new RootKeys(Buffer.from(rootKeys)) } as const;
    return { ...content, digest: digestOf(content) };
  } catch (cause) {
    throw notAuthentic(cause);
  } finally {
    plaintext?.fill(0);
  }
}

export function notAuthentic(cause: unknown): CryptoError {
  return new CryptoError('RecordRefused', 'the module state is not authentic', { cause });
}

function decode(plaintext: Buffer): ReturnType<typeof stateLayout.decode> {
  const version = plaintext[0];
  if (version === STATE_VERSION) return stateLayout.decode(plaintext);
  if (version !== 1) throw new Error('unknown version');
  const none = { generation: 0, lineage: [], required: 0, thumbprints: [], headFloor: 0, logFloor: 0 };
  return { ...oldLayout.decode(plaintext), ...none };
}

/** Of the box. @param bound the header as it is in the file */
export function contextOf(bound: Buffer): Buffer {
  return bound.length === 0 ? OLD_CONTEXT : Buffer.concat([HEADER_CONTEXT, bound]);
}

/** Tells two states of one generation apart, and by the one before it all that led there; nothing secret goes in. */
function digestOf({ rootKeys, settled, ...rest }: StateContent): string {
  const { generation, lineage, state, instanceId, createdAt, headFloor, logFloor } = rest;
  const keys = [rootKeys.auditKey.toString('hex'), rootKeys.domainKey.toString('hex')];
  const before = lineage.at(-1) ?? '';
  const own = [generation, before, state, instanceId, createdAt, headFloor, logFloor, settled ?? null, keys];
  const text = JSON.stringify(own);
  return createHash('sha256').update('strongroom module state\n').update(text).digest('base64url');
}
