// What custodians do with a security domain, offline: open it with a quorum of their keys and see that it holds what it
// must. Root keys are looked at and overwritten; only the summary leaves.
import { createPrivateKey, createPublicKey } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { fromBase64url } from '../../formats/base64url.ts';
import { openFile } from '../../formats/domain-entries.ts';
import { domainFingerprint } from '../../formats/domain-identity.ts';
import { decodeDomainKeys } from '../../formats/domain-keys.ts';
import { publicKeyHash } from '../../formats/fingerprint.ts';
import { decryptWithRsa } from '../../formats/jwe-rsa.ts';
import { MASTER_BYTES, parseSecurityDomain, type SecurityDomainFile } from '../../formats/security-domain.ts';
import { joinShares, shareNumber } from '../../formats/shamir.ts';
import { ShapeError } from '../../formats/shape.ts';
import { proofHash, proofOfShare } from '../../formats/share-proof.ts';
import { type Holder, readHolder } from './holder.ts';

/**
 * @param keys private keys (PEM) of a quorum; the certificate of each lies beside it
 * @param passphraseOf asked for the passphrase of each key that is encrypted, one after the other, in the order of the keys
 * @throws Refusal, ShapeError, JweError
 */
export async function openDomainFile(
  file: string,
  keys: readonly string[],
  passphraseOf: (keyFile: string) => Promise<string>,
): Promise<ReturnType<typeof openDomain>> {
  const document = await readFile(file, 'utf8');
  const holders: Holder[] = [];
  for (const key of keys) holders.push(await readHolder({ key, passphraseOf }));
  return openDomain(document, holders);
}

/** @throws ShapeError, JweError: the domain does not open with these keys, or is not authentic */
export function openDomain(document: string, holders: readonly Holder[]) {
  const file = parseSecurityDomain(document);
  const shares = openShares(file, holders);
  const master = joinShares(shares, file.SharedKeys.required);
  try {
    if (master.length !== MASTER_BYTES) throw new ShapeError('the shares hold no master key');
    using opened = openFile(file, master);
    const { instance, keys } = opened;
    return {
      instanceId: instance.instanceId,
      instanceName: instance.instanceName,
      createdAt: new Date(instance.createdAt * 1000),
      downloadedAt: new Date(instance.downloadedAt * 1000),
      required: instance.required,
      custodians: instance.custodians.length,
      tags: file.EncData.data.map(({ tag }) => tag),
      /** Numbers of the shares that opened it. */
      sharesUsed: shares.map(shareNumber),
      /** Raw Ed25519 key that signs the checkpoints of the audit log of the instance that wrote the file, base64url. */
      verificationKey: instance.verificationKey,
      /** Raw Ed25519 key of the domain, which signed what is in the file, base64url. */
      domainKey: instance.domainKey,
      attestationRoot: attestationRootOf(decodeDomainKeys(keys).attestation),
      /** SHA-256 of the domain key, hex: two files with one fingerprint are of one security domain. */
      fingerprint: domainFingerprint(fromBase64url(instance.domainKey)),
    };
  } finally {
    for (const buffer of [master, ...shares]) buffer.fill(0);
  }
}

/** The first M keys that have a share, each share once. */
function openShares(file: SecurityDomainFile, holders: readonly Holder[]): Buffer[] {
  const { enc_shares: encrypted, required } = file.SharedKeys;
  const used = new Set<string>();
  const shares: Buffer[] = [];
  for (const { name, thumbprint, privateKey } of holders) {
    const share = encrypted.find(({ x5t_256 }) => x5t_256 === thumbprint);
    if (share === undefined) throw new ShapeError(`the certificate of ${name} has no share in this domain`);
    if (used.has(thumbprint)) throw new ShapeError('the same certificate was given twice');
    used.add(thumbprint);
    if (shares.length === required) continue;
    const opened = decryptWithRsa(privateKey, share.enc_key);
    shares.push(opened);
    if (proofHash(proofOfShare(opened)) !== share.proof_hash) {
      throw new ShapeError(
        `the share for the certificate of ${name} is not the one that was given out with this domain`,
      );
    }
  }
  if (shares.length < required) {
    throw new ShapeError(`${required} of ${encrypted.length} custodians are needed, ${shares.length} are here`);
  }
  return shares;
}

/**
 * SHA-256 of the public key that is the root of the instance's attestations, base64url. Known independently of any attestation:
 * whoever opens the domain can say which root is the instance's.
 */
function attestationRootOf(pkcs8: Uint8Array): string {
  const der = Buffer.from(pkcs8);
  const root = createPublicKey(createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }));
  der.fill(0);
  return publicKeyHash(root);
}
