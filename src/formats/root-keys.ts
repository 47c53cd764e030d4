// How an instance's root keys are written down: in the module's sealed state and in the security domain. Bytes only; who
// may hold them is decided elsewhere.
import { fields } from './fields.ts';

export interface RootKeyBytes {
  /** AES: opens key blobs. */
  readonly wrapping: Uint8Array;
  /** AES: opens store records. */
  readonly recordSealing: Uint8Array;
  /** HMAC: names store records. */
  readonly recordNaming: Uint8Array;
  /** AES: opens backups. */
  readonly backup: Uint8Array;
  /** Ed25519 seed: signs checkpoints and security domains. */
  readonly auditSigning: Uint8Array;
  /** P-384, PKCS#8 DER: signs attestations. */
  readonly attestation: Uint8Array;
}

const layout = fields({
  version: 'u8',
  wrapping: 'bytes',
  recordSealing: 'bytes',
  recordNaming: 'bytes',
  backup: 'bytes',
  auditSigning: 'bytes',
  attestation: 'bytes',
});

export class RootKeysError extends Error {
  override readonly name = 'RootKeysError';
}

/** The caller overwrites what it gets. */
export function encodeRootKeys(keys: RootKeyBytes): Buffer {
  return layout.encode({ version: 1, ...keys });
}

/** Views into `bytes`. @throws RootKeysError, FieldsError */
export function decodeRootKeys(bytes: Buffer): RootKeyBytes {
  const { version, ...keys } = layout.decode(bytes);
  if (version !== 1) throw new RootKeysError(`root keys of version ${version} are unknown here`);
  const { attestation, ...secrets } = keys;
  if (Object.values(secrets).some((secret) => secret.length !== 32) || attestation.length === 0) {
    throw new RootKeysError('a root key has a wrong length');
  }
  return keys;
}

/** Ed25519 seed → PKCS#8 DER (RFC 8410 §7); the caller overwrites it. */
export function ed25519Pkcs8(seed: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed]);
}
