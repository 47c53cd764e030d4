// Opens the entries of a security domain with its master key, and judges them: both signed by the very key inside, the
// instance entry whole. Used wherever a domain is opened: by custodians offline, and by a module that takes one over.
import { createPublicKey, type KeyObject, verify } from 'node:crypto';
import { toBase64url } from './base64url.ts';
import { deriveDomainSeed } from './domain-identity.ts';
import { decodeDomainKeys } from './domain-keys.ts';
import { decryptDirect, JweError } from './jwe.ts';
import { kdfCounter } from './kdf.ts';
import { orThrow } from './refusal.ts';
import { ed25519Key, rawPublicKey } from './root-keys.ts';
import {
  checkTags,
  DOMAIN_KEYS_TAG,
  decodeEntry,
  entryToSign,
  INSTANCE_TAG,
  type InstanceEntry,
  instanceMembers,
  KDF_BITS,
  type SecurityDomainFile,
  type SignedEntry,
} from './security-domain.ts';
import { record, ShapeError } from './shape.ts';

type Entries = SecurityDomainFile['EncData']['data'];

export interface OpenedDomain extends Disposable {
  readonly instance: InstanceEntry;
  /** `encodeDomainKeys`; overwritten when disposed. */
  readonly keys: Buffer;
}

/** @throws ShapeError, FieldsError */
export function openEntries(data: Entries, master: Uint8Array): OpenedDomain {
  checkTags(data);
  const keys = openEntry(data, master, DOMAIN_KEYS_TAG);
  try {
    // The signer must be the very key inside: otherwise anyone could sign a domain of their own making.
    const signer = domainSigner(keys.payload);
    checkSignature(DOMAIN_KEYS_TAG, keys, signer);
    const entry = openEntry(data, master, INSTANCE_TAG);
    checkSignature(INSTANCE_TAG, entry, signer);
    const spare = data.find(({ tag }) => tag !== DOMAIN_KEYS_TAG && tag !== INSTANCE_TAG);
    if (spare !== undefined) throw new ShapeError('the domain has an entry that is none of ours');
    const instance = readInstance(entry.payload);
    if (instance.domainKey !== toBase64url(rawPublicKey(signer))) {
      throw new ShapeError(`the entry ${INSTANCE_TAG} is of another security domain`);
    }
    return { instance, keys: keys.payload, [Symbol.dispose]: () => void keys.payload.fill(0) };
  } catch (error) {
    keys.payload.fill(0);
    throw error;
  }
}

/** The same of a whole file, whose custodians and quorum must be those that were signed. */
export function openFile(file: SecurityDomainFile, master: Uint8Array): OpenedDomain {
  const opened = openEntries(file.EncData.data, master);
  try {
    const { required, enc_shares: shares } = file.SharedKeys;
    const { instance } = opened;
    if (instance.required !== required) throw new ShapeError('the quorum was changed');
    if (instance.custodians.join() !== shares.map(({ x5t_256 }) => x5t_256).join()) {
      throw new ShapeError('the custodians were changed');
    }
    if (instance.proofHashes.join() !== shares.map(({ proof_hash }) => proof_hash).join()) {
      throw new ShapeError('the hashes of proof were changed');
    }
    return opened;
  } catch (error) {
    opened[Symbol.dispose]();
    throw error;
  }
}

function openEntry(data: Entries, master: Uint8Array, tag: string): SignedEntry {
  const entry = data.find((candidate) => candidate.tag === tag);
  if (entry === undefined) throw new ShapeError(`the domain has no entry ${tag}: it is none of ours`);
  const key = kdfCounter(master, tag, '', KDF_BITS);
  const refusal = (cause: Error): ShapeError =>
    new ShapeError(`the entry ${tag} does not open: it was edited, or is of another domain`, { cause });
  try {
    return decodeEntry(orThrow(() => decryptDirect(key, entry.compact_jwe), refusal, JweError));
  } finally {
    key.fill(0);
  }
}

function domainSigner(keys: Buffer): KeyObject {
  const seed = deriveDomainSeed(decodeDomainKeys(keys).backup);
  try {
    return ed25519Key(seed);
  } finally {
    seed.fill(0);
  }
}

function checkSignature(tag: string, { payload, signature }: SignedEntry, signer: KeyObject): void {
  const signed = entryToSign(tag, payload);
  const authentic = verify(null, signed, createPublicKey(signer), signature);
  signed.fill(0);
  if (!authentic) throw new ShapeError(`the entry ${tag} is not signed by the key of the domain`);
}

function readInstance(payload: Buffer): InstanceEntry {
  let value: unknown;
  try {
    value = JSON.parse(payload.toString('utf8'));
  } catch (cause) {
    throw new ShapeError('the instance entry is not JSON', { cause });
  }
  const instance = wellFormed(value);
  const { custodians, required, proofHashes } = instance;
  const count = custodians.length;
  if (count < 3 || count > 10 || required < 2 || required > count || proofHashes.length !== count) {
    throw new ShapeError('the instance entry names custodians that no ceremony has');
  }
  if (new Set(custodians).size !== count) throw new ShapeError('the instance entry names a custodian twice');
  return instance;
}

/** Members of other releases are passed over. */
function wellFormed(value: unknown): InstanceEntry {
  const known = Object.entries(Object(value) as object).filter(([name]) => Object.hasOwn(instanceMembers, name));
  try {
    return record(instanceMembers)(Object.fromEntries(known), 'entry');
  } catch (cause) {
    throw new ShapeError('the instance entry is malformed', { cause });
  }
}
