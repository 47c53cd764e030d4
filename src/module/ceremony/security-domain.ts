// The security-domain ceremony: the keys of the domain, split over custodians' certificates. Nothing here is kept
// afterwards.
import { createHash, type KeyObject, randomBytes, randomFillSync, X509Certificate } from 'node:crypto';
import { CryptoError } from '../../crypto/protocol/messages.ts';
import { fromBase64, toBase64url } from '../../formats/base64url.ts';
import { encodeDomainKeys } from '../../formats/domain-keys.ts';
import { encryptDirect } from '../../formats/jwe.ts';
import { encryptToRsa } from '../../formats/jwe-rsa.ts';
import { kdfCounter } from '../../formats/kdf.ts';
import {
  DOMAIN_KEYS_TAG,
  encodeEntry,
  entryToSign,
  INSTANCE_TAG,
  type InstanceEntry,
  KDF_BITS,
  MASTER_BYTES,
  type SecurityDomainFile,
  SHARE_KID,
} from '../../formats/security-domain.ts';
import { splitSecret } from '../../formats/shamir.ts';
import { proofHash, proofOfShare } from '../../formats/share-proof.ts';
import type { RootKeys } from '../root-keys.ts';
import type { StateContent } from '../sealed-state.ts';

export interface Custodian {
  readonly thumbprint: string;
  readonly publicKey: KeyObject;
}

/** Who they are settles the caller, before anything is split over them. */
export function writeSecurityDomain(
  state: StateContent,
  custodians: readonly Custodian[],
  required: number,
  now: number,
): string {
  const { instanceId, instanceName, createdAt, rootKeys } = state;
  const master = randomBytes(MASTER_BYTES);
  const shares = splitSecret(master, required, custodians.length, randomFillSync);
  const proofHashes = shares.map((share) => proofHash(proofOfShare(share)));
  const instance: InstanceEntry = {
    instanceId,
    instanceName,
    createdAt,
    downloadedAt: now,
    required,
    custodians: custodians.map(({ thumbprint }) => thumbprint),
    proofHashes,
    verificationKey: toBase64url(rootKeys.auditKey),
    domainKey: toBase64url(rootKeys.domainKey),
  };
  const secret = rootKeys.use(encodeDomainKeys);
  try {
    const file: SecurityDomainFile = {
      EncData: {
        data: [
          writeEntry(rootKeys, master, DOMAIN_KEYS_TAG, secret),
          writeEntry(rootKeys, master, INSTANCE_TAG, Buffer.from(JSON.stringify(instance), 'utf8')),
        ],
        kdf: 'sp108_kdf',
      },
      SharedKeys: {
        enc_shares: custodians.map(({ publicKey, thumbprint }, index) => ({
          enc_key: encryptToRsa(publicKey, SHARE_KID, shares[index] as Buffer),
          x5t_256: thumbprint,
          proof_hash: proofHashes[index] as string,
        })),
        key_algorithm: 'shamir_share',
        required,
      },
      version: 2,
    };
    return JSON.stringify(file);
  } finally {
    for (const buffer of [master, secret, ...shares]) buffer.fill(0);
  }
}

function writeEntry(
  rootKeys: RootKeys,
  master: Buffer,
  tag: string,
  payload: Buffer,
): { compact_jwe: string; tag: string } {
  const toSign = entryToSign(tag, payload);
  const plaintext = encodeEntry({ payload, signature: rootKeys.signForDomain(toSign) });
  const key = kdfCounter(master, tag, '', KDF_BITS);
  try {
    return { compact_jwe: encryptDirect(key, tag, plaintext), tag };
  } finally {
    for (const buffer of [toSign, plaintext, key]) buffer.fill(0);
  }
}

/** @throws CryptoError BadRequest naming the member */
export function readCustodians(certificates: unknown, required: number): Custodian[] {
  if (!Array.isArray(certificates) || certificates.length < 3 || certificates.length > 10) {
    throw new CryptoError('BadRequest', 'certificates: must be 3 to 10');
  }
  if (required < 2 || required > 10) throw new CryptoError('BadRequest', 'required: must be 2 to 10');
  if (required > certificates.length) {
    throw new CryptoError(
      'BadRequest',
      `required: ${required} of ${certificates.length} certificates can never be met`,
    );
  }
  const seen = new Set<string>();
  return certificates.map((text, index) => {
    const { thumbprint, publicKey } = readCertificate(text, index);
    const spki = publicKey.export({ format: 'der', type: 'spki' }).toString('base64');
    // One person with two certificates over one key would count twice.
    if (seen.has(spki)) throw bad(index, 'has the key of another');
    seen.add(spki);
    return { thumbprint, publicKey };
  });
}

function readCertificate(text: unknown, index: number): Custodian {
  let der: Buffer;
  let certificate: X509Certificate;
  try {
    der = fromBase64(text as string);
    if (der.length > MAX_CERTIFICATE) throw new Error('too long');
    certificate = new X509Certificate(der);
  } catch {
    // The parser's reasons are about bytes, not about what the sender could do.
    throw bad(index, 'is not a base64 X.509 certificate');
  }
  const { publicKey } = certificate;
  const bits = publicKey.asymmetricKeyDetails?.modulusLength ?? 0;
  if (!certificate.raw.equals(der)) throw bad(index, 'has spare bytes');
  if (publicKey.asymmetricKeyType !== 'rsa' || bits < 2048 || bits > 8192) {
    throw bad(index, 'must have an RSA key of 2048 to 8192 bits');
  }
  return { thumbprint: toBase64url(createHash('sha256').update(der).digest()), publicKey };
}

const MAX_CERTIFICATE = 16 * 1024;

function bad(index: number, text: string): CryptoError {
  return new CryptoError('BadRequest', `certificates[${index}]: ${text}`);
}
