// The root keys while the module runs: as key objects for use, and as bytes only for the two places that write them down.
import {
  createPrivateKey,
  createPublicKey,
  createSecretKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign,
  timingSafeEqual,
} from 'node:crypto';
import { deriveDomainSeed } from '../formats/domain-identity.ts';
import { decodeDomainKeys, encodeDomainKeys } from '../formats/domain-keys.ts';
import { decodeRootKeys, ed25519Pkcs8, encodeRootKeys } from '../formats/root-keys.ts';

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

  /** Takes over `encoded` (formats/root-keys) and overwrites it when disposed. @throws RootKeysError, FieldsError */
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

  /** Those of the domain are of no use yet: the first ceremony makes or brings others. */
  static make(): RootKeys {
    using domain = makeDomainKeys();
    const secrets = {
      wrapping: randomBytes(32),
      recordSealing: randomBytes(32),
      recordNaming: randomBytes(32),
      auditSigning: randomBytes(32),
    };
    const encoded = encodeRootKeys({ ...secrets, ...decodeDomainKeys(domain.encoded) });
    for (const secret of Object.values(secrets)) secret.fill(0);
    return new RootKeys(encoded);
  }

  /** Ed25519 with the audit key. */
  sign(message: Uint8Array): Buffer {
    return sign(null, message, this.#auditSigning);
  }

  /** Ed25519 with the key of the security domain. */
  signForDomain(message: Uint8Array): Buffer {
    return sign(null, message, this.#domainSigning);
  }

  /** Calls `derive` with the backup root key, which does not outlive the call. */
  useBackup<T>(derive: (root: Uint8Array) => T): T {
    return derive(decodeRootKeys(this.#encoded).backup);
  }

  /** For the security domain only. The caller overwrites it. */
  encodeDomainKeys(): Buffer {
    return encodeDomainKeys(decodeRootKeys(this.#encoded));
  }

  /**
   * The same instance in another security domain: its own keys, and the domain's.
   * @param keys `encodeDomainKeys`; the caller overwrites them
   * @throws DomainKeysError, FieldsError
   */
  joining(keys: Buffer): RootKeys {
    return new RootKeys(encodeRootKeys({ ...decodeRootKeys(this.#encoded), ...decodeDomainKeys(keys) }));
  }

  /** For the sealed state only. The caller overwrites it. */
  encode(): Buffer {
    return Buffer.from(this.#encoded);
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

/** Fresh keys of a security domain (`encodeDomainKeys`), overwritten when disposed. */
export function makeDomainKeys(): Disposable & { readonly encoded: Buffer } {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-384' });
  const attestation = privateKey.export({ format: 'der', type: 'pkcs8' });
  const backup = randomBytes(32);
  const encoded = encodeDomainKeys({ backup, attestation });
  attestation.fill(0);
  backup.fill(0);
  return { encoded, [Symbol.dispose]: () => void encoded.fill(0) };
}

function ed25519Key(seed: Uint8Array): KeyObject {
  const pkcs8 = ed25519Pkcs8(seed);
  const key = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' });
  pkcs8.fill(0);
  return key;
}

function rawPublicKey(key: KeyObject): Buffer {
  const spki = createPublicKey(key).export({ format: 'der', type: 'spki' });
  return spki.subarray(spki.length - 32);
}
