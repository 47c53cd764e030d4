// The security-domain ceremony: the keys of the domain, split over custodians' certificates. Nothing here is kept
// afterwards.
import { randomBytes, randomFillSync } from 'node:crypto';
import { badRequest, CryptoError } from '../../crypto/protocol/messages.ts';
import { sha256url, toBase64url } from '../../formats/base64url.ts';
import { certificateReader } from '../../formats/custodian-packet.ts';
import { encodeDomainKeys } from '../../formats/domain-keys.ts';
import { encryptDirect } from '../../formats/jwe.ts';
import { kdfCounter } from '../../formats/kdf.ts';
import { orThrow } from '../../formats/refusal.ts';
import {
  type Custodian,
  DOMAIN_KEYS_TAG,
  encodeEntry,
  entryToSign,
  INSTANCE_TAG,
  type InstanceEntry,
  KDF_BITS,
  MASTER_BYTES,
  type SecurityDomainFile,
  SHARE_KID,
  sharedKeys,
} from '../../formats/security-domain.ts';
import { splitSecret } from '../../formats/shamir.ts';
import { ShapeError } from '../../formats/shape.ts';
import type { RootKeys } from '../root-keys.ts';
import type { StateContent } from '../sealed-state.ts';

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
  const split = sharedKeys(custodians, shares, required, SHARE_KID);
  const instance: InstanceEntry = {
    instanceId,
    instanceName,
    createdAt,
    downloadedAt: now,
    required,
    custodians: custodians.map(({ thumbprint }) => thumbprint),
    proofHashes: split.enc_shares.map(({ proof_hash }) => proof_hash),
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
      SharedKeys: split,
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

const readCertificate = certificateReader('a base64 X.509 certificate');

/** @throws CryptoError BadRequest naming the member */
export function readCustodians(certificates: unknown, required: number): Custodian[] {
  if (!Array.isArray(certificates) || certificates.length < 3 || certificates.length > 10) {
    throw badRequest('certificates', 'must be 3 to 10');
  }
  if (required < 2 || required > 10) throw badRequest('required', 'must be 2 to 10');
  if (required > certificates.length) {
    throw badRequest('required', `${required} of ${certificates.length} certificates can never be met`);
  }
  const seen = new Set<string>();
  return certificates.map((text: unknown, index) => {
    const path = `certificates[${index}]`;
    const { raw, publicKey } = orThrow(
      () => readCertificate(text, path),
      (cause) => new CryptoError('BadRequest', cause.message, { cause }),
      ShapeError,
    );
    const spki = publicKey.export({ format: 'der', type: 'spki' }).toString('base64');
    // One person with two certificates over one key would count twice.
    if (seen.has(spki)) throw badRequest(path, 'has the key of another');
    seen.add(spki);
    return { thumbprint: sha256url(raw), publicKey };
  });
}
