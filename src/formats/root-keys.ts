// How an instance's root keys are written down: in the module's sealed state and in the security domain. Bytes only; who
// may hold them is decided elsewhere.
import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { FieldsError, fields } from './fields.ts';

const layout = fields({
  version: 'u8',
  /** AES: opens key blobs. */
  wrapping: 'bytes',
  /** AES: opens store records. */
  recordSealing: 'bytes',
  /** HMAC: names store records. */
  recordNaming: 'bytes',
  /** AES: opens backups. */
  backup: 'bytes',
  /** Ed25519 seed: signs checkpoints and security domains. */
  auditSigning: 'bytes',
  /** P-384, PKCS#8 DER: signs attestations. */
  attestation: 'bytes',
});
export type RootKeyBytes = Omit<ReturnType<typeof layout.decode>, 'version'>;

/** The caller overwrites what it gets. */
export function encodeRootKeys(keys: RootKeyBytes): Buffer {
  return layout.encode({ version: 1, ...keys });
}

/** Views into `bytes`. @throws FieldsError */
export function decodeRootKeys(bytes: Buffer): RootKeyBytes {
  const { version, ...keys } = layout.decode(bytes);
  if (version !== 1) throw new FieldsError(`root keys of version ${version} are unknown here`);
  const { attestation, ...secrets } = keys;
  if (Object.values(secrets).some((secret) => secret.length !== 32) || attestation.length === 0) {
    throw new FieldsError('a root key has a wrong length');
  }
  return keys;
}

/** Of its seed, which is left alone; as PKCS#8 DER on the way (RFC 8410 §7). */
export function ed25519Key(seed: Uint8Array): KeyObject {
  const pkcs8 = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed]);
  const key = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' });
  pkcs8.fill(0);
  return key;
}

/** The 32 bytes of the public key of an Ed25519 private key. */
export function rawPublicKey(key: KeyObject): Buffer {
  return createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(-32);
}
