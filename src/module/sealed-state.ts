// What is inside the sealed state file, as bytes: everything that must not be older or newer than the rest lies in this
// one box. Each write makes the next generation, by which an older file that was put back is known.
import { createHash, type KeyObject } from 'node:crypto';
import { CryptoError } from '../crypto/protocol/messages.ts';
import { type Fields, fields } from '../formats/fields.ts';
import { encodeSealHeader, type SealedState, type SealHeader } from '../formats/seal-header.ts';
import { RootKeys } from './root-keys.ts';
import { openBox, sealBox } from './sealed-box.ts';
import type { Provisioned, StateContent } from './state-file.ts';

const layout: Fields<{
  version: 'u8';
  state: 'text';
  instanceId: 'text';
  instanceName: 'text';
  createdAt: 'u64';
  generation: 'u64';
  lineage: 'json';
  required: 'u32';
  thumbprints: 'json';
  headFloor: 'u64';
  logFloor: 'u64';
  rootKeys: 'bytes';
}> = fields({
  version: 'u8',
  state: 'text',
  instanceId: 'text',
  instanceName: 'text',
  createdAt: 'u64',
  generation: 'u64',
  lineage: 'json',
  required: 'u32',
  thumbprints: 'json',
  headFloor: 'u64',
  logFloor: 'u64',
  rootKeys: 'bytes',
});

/** Of versions that kept the custodians in a file of their own: it counts as generation 0. */
const oldLayout: Fields<{
  version: 'u8';
  state: 'text';
  instanceId: 'text';
  instanceName: 'text';
  createdAt: 'u64';
  rootKeys: 'bytes';
}> = fields({
  version: 'u8',
  state: 'text',
  instanceId: 'text',
  instanceName: 'text',
  createdAt: 'u64',
  rootKeys: 'bytes',
});

const VERSION = 2;
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
    if (version === VERSION && rest.generation < 1) throw new Error('no generation');
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

export function sealState({ rootKeys, settled, ...rest }: StateContent, header: SealHeader, key: KeyObject): Buffer {
  const encodedKeys = rootKeys.encode();
  const { required, thumbprints } = settled ?? { required: 0, thumbprints: [] };
  const plaintext = layout.encode({ version: VERSION, ...rest, required, thumbprints, rootKeys: encodedKeys });
  encodedKeys.fill(0);
  const bound = encodeSealHeader(header);
  const box = sealBox(key, contextOf(bound), plaintext);
  plaintext.fill(0);
  return Buffer.concat([bound, box]);
}

export function notAuthentic(cause: unknown): CryptoError {
  return new CryptoError('RecordRefused', 'the module state is not authentic', { cause });
}

function decode(plaintext: Buffer): ReturnType<typeof layout.decode> {
  const version = plaintext[0];
  if (version === VERSION) return layout.decode(plaintext);
  if (version !== 1) throw new Error('unknown version');
  const none = { generation: 0, lineage: [], required: 0, thumbprints: [], headFloor: 0, logFloor: 0 };
  return { ...oldLayout.decode(plaintext), ...none };
}

function contextOf(bound: Buffer): Buffer {
  return bound.length === 0 ? OLD_CONTEXT : Buffer.concat([HEADER_CONTEXT, bound]);
}

/** Tells two states of one generation apart, and by the one before it all that led there; nothing secret goes in. */
export function digestOf({ rootKeys, settled, ...rest }: StateContent): string {
  const { generation, lineage, state, instanceId, createdAt, headFloor, logFloor } = rest;
  const keys = [rootKeys.auditKey.toString('hex'), rootKeys.domainKey.toString('hex')];
  const before = lineage.at(-1) ?? '';
  const own = [generation, before, state, instanceId, createdAt, headFloor, logFloor, settled ?? null, keys];
  const text = JSON.stringify(own);
  return createHash('sha256').update('strongroom module state\n').update(text).digest('base64url');
}
