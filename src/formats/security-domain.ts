// The security-domain file (version 2) and what our own entries in it look like. Both the module that writes it and the
// custodian's tool that opens it take the format from here, and nothing else from each other.
import { fromBase64url } from './base64url.ts';

/** Entry with the root keys, and entry with what the instance was. */
export const ROOT_KEYS_TAG = 'strongroom_root_keys';
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
    readonly enc_shares: readonly { readonly enc_key: string; readonly x5t_256: string }[];
    readonly key_algorithm: 'shamir_share';
    readonly required: number;
  };
  readonly version: 2;
}

export class SecurityDomainError extends Error {
  override readonly name = 'SecurityDomainError';
}

/**
 * What an entry's plaintext is: a payload and an Ed25519 signature by the instance's audit key. A transfer certificate
 * lets anyone build a well-formed domain; it does not let them sign one.
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

/** @throws SecurityDomainError */
export function decodeEntry(plaintext: Buffer): SignedEntry {
  if (plaintext.length <= SIGNATURE_BYTES) throw new SecurityDomainError('an entry is too short');
  return { signature: plaintext.subarray(0, SIGNATURE_BYTES), payload: plaintext.subarray(SIGNATURE_BYTES) };
}

const SIGNATURE_BYTES = 64;

/** Payload of `strongroom_instance`, as JSON. */
export interface InstanceEntry {
  readonly instanceId: string;
  readonly instanceName: string;
  /** Unix seconds. */
  readonly createdAt: number;
  readonly downloadedAt: number;
  readonly required: number;
  /** SHA-256 thumbprints (base64url) of the custodians' certificates, in order of their shares. */
  readonly custodians: readonly string[];
  /** Raw Ed25519 public key that signed both entries, base64url. */
  readonly verificationKey: string;
}

/** @throws SecurityDomainError with a sentence a custodian can act on */
export function parseSecurityDomain(text: string): SecurityDomainFile {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new SecurityDomainError('the security domain is not JSON', { cause });
  }
  const { version, EncData, SharedKeys } = membersOf(value);
  const { data, kdf } = membersOf(EncData);
  const { enc_shares: shares, key_algorithm: algorithm, required } = membersOf(SharedKeys);
  if (version !== 2 || kdf !== 'sp108_kdf' || algorithm !== 'shamir_share') {
    throw new SecurityDomainError('the file is not a security domain of version 2');
  }
  if (!Array.isArray(data) || !data.every(isEntry)) throw new SecurityDomainError('EncData is malformed');
  if (!Array.isArray(shares) || !shares.every(isShare)) throw new SecurityDomainError('SharedKeys is malformed');
  if (typeof required !== 'number' || !Number.isInteger(required) || required < 2 || required > 10) {
    throw new SecurityDomainError('the quorum is out of range');
  }
  if (required > shares.length || shares.length > 10) throw new SecurityDomainError('the quorum is out of range');
  if (new Set(data.map((entry) => entry.tag)).size !== data.length) {
    throw new SecurityDomainError('two entries have the same tag');
  }
  return {
    EncData: { data, kdf },
    SharedKeys: { enc_shares: shares, key_algorithm: algorithm, required },
    version,
  };
}

function isEntry(value: unknown): value is SecurityDomainFile['EncData']['data'][number] {
  const { compact_jwe: jwe, tag } = membersOf(value);
  return isText(jwe) && isText(tag);
}

function isShare(value: unknown): value is SecurityDomainFile['SharedKeys']['enc_shares'][number] {
  const { enc_key: jwe, x5t_256: thumbprint } = membersOf(value);
  return isText(jwe) && isThumbprint(thumbprint);
}

function membersOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value.length > 0;
}

function isThumbprint(value: unknown): value is string {
  if (!isText(value)) return false;
  try {
    return fromBase64url(value).length === 32;
  } catch {
    // Not base64url: not a thumbprint.
    return false;
  }
}
