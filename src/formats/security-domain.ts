// The security-domain file (version 2) and what our own entries in it look like. Both the module that writes it and the
// custodian's tool that opens it take the format from here, and nothing else from each other.
import type { KeyObject } from 'node:crypto';
import { isSha256, sha256url } from './base64url.ts';
import { encryptToRsa } from './jwe-rsa.ts';
import { base64urlOf, integer, list, ShapeError, text } from './shape.ts';
import { proofHashOf } from './share-proof.ts';
import { isTruncatedJson } from './truncated-json.ts';

/** Entry with the keys of the domain, and entry with the instance that wrote the file. */
export const DOMAIN_KEYS_TAG = 'strongroom_domain_keys';
export const INSTANCE_TAG = 'strongroom_instance';

export const KDF_BITS = 512;
export const MASTER_BYTES = 32;
/** The service's own header value for shares. */
export const SHARE_KID = 'not used';

export interface SecurityDomainFile {
  readonly EncData: {
    readonly data: readonly { readonly compact_jwe: string; readonly tag: string }[];
    readonly kdf: 'sp108_kdf';
  };
  readonly SharedKeys: {
    readonly enc_shares: readonly EncryptedShare[];
    readonly key_algorithm: 'shamir_share';
    readonly required: number;
  };
  readonly version: 2;
}

export interface EncryptedShare {
  readonly enc_key: string;
  readonly x5t_256: string;
  /** `proofHash` of the share (formats/share-proof). Other clients carry it over unread. */
  readonly proof_hash: string;
}

/** SHA-256 of a custodian's certificate, base64url, and the key in it. */
export interface Custodian {
  readonly thumbprint: string;
  readonly publicKey: KeyObject;
}

/** The shares are in the order of their custodians; the caller overwrites them. @param kid tells what the shares are of */
export function sharedKeys(
  custodians: readonly Custodian[],
  shares: readonly Uint8Array[],
  required: number,
  kid: string,
): SecurityDomainFile['SharedKeys'] {
  const encrypted = custodians.map(({ publicKey, thumbprint }, index): EncryptedShare => {
    const share = shares[index] as Uint8Array;
    return { enc_key: encryptToRsa(publicKey, kid, share), x5t_256: thumbprint, proof_hash: proofHashOf(share) };
  });
  return { enc_shares: encrypted, key_algorithm: 'shamir_share', required };
}

/**
 * What an entry's plaintext is: a payload and an Ed25519 signature by the domain key. A certificate lets anyone build a
 * well-formed domain for its holder; it does not let them sign one.
 */
export interface SignedEntry {
  readonly payload: Buffer;
  readonly signature: Buffer;
}

/** The bytes that are signed: the entry's tag is bound in, so that entries cannot stand for each other. */
export function entryToSign(tag: string, payload: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from(`strongroom security domain v1\n${tag}\n`, 'utf8'), payload]);
}

export function encodeEntry({ payload, signature }: SignedEntry): Buffer {
  return Buffer.concat([signature, payload]);
}

/** @throws ShapeError */
export function decodeEntry(plaintext: Buffer): SignedEntry {
  if (plaintext.length <= SIGNATURE_BYTES) throw new ShapeError('an entry is too short');
  return { signature: plaintext.subarray(0, SIGNATURE_BYTES), payload: plaintext.subarray(SIGNATURE_BYTES) };
}

const SIGNATURE_BYTES = 64;

/** What a date can hold. */
const seconds = integer(0, 8.64e12);
const hash = base64urlOf(32);

/** Payload of `strongroom_instance`, as JSON. */
export const instanceMembers = {
  instanceId: text,
  instanceName: text,
  /** Unix seconds. */
  createdAt: seconds,
  downloadedAt: seconds,
  required: integer(0, 1000),
  /** SHA-256 thumbprints (base64url) of the custodians' certificates, in order of their shares. */
  custodians: list(hash),
  /** `proof_hash` of each share, in the same order. */
  proofHashes: list(hash),
  /** Raw Ed25519 public key of the instance's audit log, base64url. */
  verificationKey: hash,
  /** Raw Ed25519 public key of the domain, which signed both entries, base64url. */
  domainKey: hash,
};
export type InstanceEntry = { readonly [M in keyof typeof instanceMembers]: ReturnType<(typeof instanceMembers)[M]> };

/** What custodians' packets name a domain file or a share list by: SHA-256 of its text, base64url. */
export function hashOfDomain(text: string): string {
  return sha256url(text);
}

/** @throws ShapeError with a sentence a custodian can act on */
export function parseSecurityDomain(text: string): SecurityDomainFile {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    const cut = isTruncatedJson(text);
    if (cut !== undefined) throw new ShapeError(`the security-domain file ${cut}: get it again`, { cause });
    throw new ShapeError('the security domain is not JSON', { cause });
  }
  const { version, EncData, SharedKeys } = membersOf(value);
  const { data, kdf } = membersOf(EncData);
  const { enc_shares: shares, key_algorithm: algorithm, required } = membersOf(SharedKeys);
  if (version !== 2 || kdf !== 'sp108_kdf' || algorithm !== 'shamir_share') {
    throw new ShapeError('the file is not a security domain of version 2');
  }
  if (!Array.isArray(data) || !data.every(isEntry)) throw new ShapeError('EncData is malformed');
  if (!Array.isArray(shares) || !shares.every(isShare)) throw new ShapeError('SharedKeys is malformed');
  if (typeof required !== 'number' || !Number.isInteger(required) || required < 2 || required > 10) {
    throw new ShapeError('the quorum is out of range');
  }
  if (required > shares.length || shares.length > 10) throw new ShapeError('the quorum is out of range');
  checkTags(data);
  if (new Set(shares.map((share) => share.x5t_256)).size !== shares.length) {
    throw new ShapeError('a custodian is named twice');
  }
  return {
    EncData: { data, kdf },
    SharedKeys: { enc_shares: shares, key_algorithm: algorithm, required },
    version,
  };
}

type Entry = SecurityDomainFile['EncData']['data'][number];

/** @throws ShapeError */
export function checkTags(data: readonly Entry[]): void {
  if (new Set(data.map(({ tag }) => tag)).size !== data.length) {
    throw new ShapeError('two entries have the same tag');
  }
}

function isEntry(value: unknown): value is Entry {
  const { compact_jwe: jwe, tag } = membersOf(value);
  return isText(jwe) && isText(tag);
}

function isShare(value: unknown): value is EncryptedShare {
  const { enc_key: jwe, x5t_256: thumbprint, proof_hash: proof } = membersOf(value);
  return isText(jwe) && isSha256(thumbprint) && isSha256(proof);
}

function membersOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value.length > 0;
}
