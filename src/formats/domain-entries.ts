// Opens the entries of a security domain with its master key, and judges them: both signed by the very key inside, the
// instance entry whole. Used wherever a domain is opened: by custodians offline, and by a module that takes one over.
import { createPrivateKey, createPublicKey, type KeyObject, verify } from 'node:crypto';
import { isSha256, toBase64url } from './base64url.ts';
import { deriveDomainSeed } from './domain-identity.ts';
import { decodeDomainKeys } from './domain-keys.ts';
import { decryptDirect, JweError } from './jwe.ts';
import { kdfCounter } from './kdf.ts';
import { ed25519Pkcs8 } from './root-keys.ts';
import {
  checkTags,
  DOMAIN_KEYS_TAG,
  decodeEntry,
  entryToSign,
  INSTANCE_TAG,
  type InstanceEntry,
  KDF_BITS,
  SecurityDomainError,
  type SecurityDomainFile,
  type SignedEntry,
} from './security-domain.ts';

type Entries = SecurityDomainFile['EncData']['data'];

export interface OpenedDomain extends Disposable {
  readonly instance: InstanceEntry;
  /** `encodeDomainKeys`; overwritten when disposed. */
  readonly keys: Buffer;
}

/** @throws SecurityDomainError, DomainKeysError, FieldsError */
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
    if (spare !== undefined) throw new SecurityDomainError('the domain has an entry that is none of ours');
    const instance = readInstance(entry.payload);
    if (instance.domainKey !== toBase64url(rawOf(signer))) {
      throw new SecurityDomainError(`the entry ${INSTANCE_TAG} is of another security domain`);
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
    if (instance.required !== required) throw new SecurityDomainError('the quorum was changed');
    if (instance.custodians.join() !== shares.map(({ x5t_256 }) => x5t_256).join()) {
      throw new SecurityDomainError('the custodians were changed');
    }
    if (instance.proofHashes.join() !== shares.map(({ proof_hash }) => proof_hash).join()) {
      throw new SecurityDomainError('the hashes of proof were changed');
    }
    return opened;
  } catch (error) {
    opened[Symbol.dispose]();
    throw error;
  }
}

function openEntry(data: Entries, master: Uint8Array, tag: string): SignedEntry {
  const entry = data.find((candidate) => candidate.tag === tag);
  if (entry === undefined) throw new SecurityDomainError(`the domain has no entry ${tag}: it is none of ours`);
  const key = kdfCounter(master, tag, '', KDF_BITS);
  try {
    return decodeEntry(decryptDirect(key, entry.compact_jwe));
  } catch (cause) {
    if (!(cause instanceof JweError)) throw cause;
    throw new SecurityDomainError(`the entry ${tag} does not open: it was edited, or is of another domain`, { cause });
  } finally {
    key.fill(0);
  }
}

function domainSigner(keys: Buffer): KeyObject {
  const seed = deriveDomainSeed(decodeDomainKeys(keys).backup);
  const pkcs8 = ed25519Pkcs8(seed);
  seed.fill(0);
  try {
    return createPublicKey(createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' }));
  } finally {
    pkcs8.fill(0);
  }
}

function rawOf(key: KeyObject): Buffer {
  return key.export({ format: 'der', type: 'spki' }).subarray(-32);
}

function checkSignature(tag: string, { payload, signature }: SignedEntry, signer: KeyObject): void {
  const signed = entryToSign(tag, payload);
  const authentic = verify(null, signed, signer, signature);
  signed.fill(0);
  if (!authentic) throw new SecurityDomainError(`the entry ${tag} is not signed by the key of the domain`);
}

function readInstance(payload: Buffer): InstanceEntry {
  let value: Partial<Record<keyof InstanceEntry, unknown>> | null;
  try {
    value = JSON.parse(payload.toString('utf8')) as typeof value;
  } catch (cause) {
    throw new SecurityDomainError('the instance entry is not JSON', { cause });
  }
  const { instanceId, instanceName, createdAt, downloadedAt, required, custodians, proofHashes, ...keys } = value ?? {};
  const { verificationKey, domainKey } = keys;
  const wellFormed =
    typeof instanceId === 'string' &&
    typeof instanceName === 'string' &&
    isSeconds(createdAt) &&
    isSeconds(downloadedAt) &&
    typeof required === 'number' &&
    Number.isInteger(required) &&
    isHashes(custodians) &&
    isHashes(proofHashes) &&
    isSha256(verificationKey) &&
    isSha256(domainKey);
  if (!wellFormed) throw new SecurityDomainError('the instance entry is malformed');
  const count = custodians.length;
  if (count < 3 || count > 10 || required < 2 || required > count || proofHashes.length !== count) {
    throw new SecurityDomainError('the instance entry names custodians that no ceremony has');
  }
  if (new Set(custodians).size !== count) throw new SecurityDomainError('the instance entry names a custodian twice');
  return {
    instanceId,
    instanceName,
    createdAt,
    downloadedAt,
    required,
    custodians,
    proofHashes,
    verificationKey,
    domainKey,
  };
}

function isHashes(value: unknown): value is string[] {
  return Array.isArray(value) && value.every(isSha256);
}

/** What a date can hold. */
function isSeconds(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= 8.64e12;
}
