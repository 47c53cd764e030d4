// The root keys while the module runs: as key objects for use, and as bytes only for the two places that write them down.
import { createPrivateKey, createSecretKey, type KeyObject, sign, timingSafeEqual } from 'node:crypto';
import { deriveDomainSeed } from '../formats/domain-identity.ts';
import { kdfCounter } from '../formats/kdf.ts';
import { decodeRootKeys, ed25519Key, type RootKeyBytes, rawPublicKey } from '../formats/root-keys.ts';
import { secretKeyOf } from './sealed-box.ts';

/** Of the instance alone; they never change. */
const OWN_KEYS = ['wrapping', 'recordSealing', 'recordNaming', 'auditSigning'] as const;

export class RootKeys implements Disposable {
  readonly wrapping: KeyObject;
  readonly recordSealing: KeyObject;
  readonly recordNaming: KeyObject;
  /** P-384, private: signs the certificate of the attestation identity and nothing else. */
  readonly attestation: KeyObject;
  /** Raw Ed25519 public key of the audit log. */
  readonly auditKey: Buffer;
  /** Raw Ed25519 public key of the security domain: the same wherever the domain was recovered. */
  readonly domainKey: Buffer;
  readonly #auditSigning: KeyObject;
  readonly #domainSigning: KeyObject;
  readonly #encoded: Buffer;

  /** Takes over `encoded` (formats/root-keys) and overwrites it when disposed. @throws FieldsError */
  constructor(encoded: Buffer) {
    const keys = decodeRootKeys(encoded);
    this.#encoded = encoded;
    this.wrapping = createSecretKey(keys.wrapping);
    this.recordSealing = createSecretKey(keys.recordSealing);
    this.recordNaming = createSecretKey(keys.recordNaming);
    const { buffer, byteOffset, byteLength } = keys.attestation;
    const attestation = Buffer.from(buffer, byteOffset, byteLength);
    this.attestation = createPrivateKey({ key: attestation, format: 'der', type: 'pkcs8' });
    this.#auditSigning = ed25519Key(keys.auditSigning);
    this.auditKey = rawPublicKey(this.#auditSigning);
    const domainSeed = deriveDomainSeed(keys.backup);
    this.#domainSigning = ed25519Key(domainSeed);
    domainSeed.fill(0);
    this.domainKey = rawPublicKey(this.#domainSigning);
  }

  /** Ed25519 with the audit key. */
  sign(message: Uint8Array): Buffer {
    return sign(null, message, this.#auditSigning);
  }

  /** Ed25519 with the key of the security domain. */
  signForDomain(message: Uint8Array): Buffer {
    return sign(null, message, this.#domainSigning);
  }

  /** Calls `use` with all of them as bytes, which do not outlive the call. */
  use<T>(use: (keys: RootKeyBytes) => T): T {
    return use(decodeRootKeys(this.#encoded));
  }

  /** One of the keys of backups, for boxes. */
  backupKey(label: string, context: string): KeyObject {
    return this.use(({ backup }) => secretKeyOf(kdfCounter(backup, label, context, 256)));
  }

  sameAs(other: RootKeys): boolean {
    return this.#encoded.equals(other.#encoded);
  }

  /** All but the keys of the domain are the same. */
  isOfSameInstance(other: RootKeys): boolean {
    const own = decodeRootKeys(this.#encoded);
    const theirs = decodeRootKeys(other.#encoded);
    return OWN_KEYS.every((name) => timingSafeEqual(own[name], theirs[name]));
  }

  [Symbol.dispose](): void {
    this.#encoded.fill(0);
  }
}
