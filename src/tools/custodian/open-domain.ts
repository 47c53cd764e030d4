// What custodians do with a security domain, offline: open it with a quorum of their keys and see that it holds what it
// must. Root keys are looked at and overwritten; only the summary leaves.
import { createHash, createPrivateKey, createPublicKey, type KeyObject, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { fromBase64url, toBase64url } from '../../formats/base64url.ts';
import { openFile } from '../../formats/domain-entries.ts';
import { domainFingerprint } from '../../formats/domain-identity.ts';
import { decodeDomainKeys } from '../../formats/domain-keys.ts';
import { decryptWithRsa } from '../../formats/jwe-rsa.ts';
import {
  MASTER_BYTES,
  parseSecurityDomain,
  SecurityDomainError,
  type SecurityDomainFile,
} from '../../formats/security-domain.ts';
import { joinShares, shareNumber } from '../../formats/shamir.ts';
import { proofHash, proofOfShare } from '../../formats/share-proof.ts';
import { readCertificateFile } from './fingerprint.ts';
import { certificateOf, isEncryptedPem } from './holder.ts';
import { CustodianError } from './refusal.ts';

export interface CustodianKey {
  /** What messages call the key. */
  readonly name?: string;
  readonly certificatePem: string;
  readonly privateKeyPem: string;
  readonly passphrase?: string | undefined;
}

export interface DomainSummary {
  readonly instanceId: string;
  readonly instanceName: string;
  readonly createdAt: Date;
  readonly downloadedAt: Date;
  readonly required: number;
  readonly custodians: number;
  readonly tags: readonly string[];
  /** Numbers of the shares that opened it. */
  readonly sharesUsed: readonly number[];
  /** Raw Ed25519 key that signs the checkpoints of the audit log of the instance that wrote the file, base64url. */
  readonly verificationKey: string;
  /** Raw Ed25519 key of the domain, which signed what is in the file, base64url. */
  readonly domainKey: string;
  /** SHA-256 of the public key that is the root of the instance's attestations, base64url. */
  readonly attestationRoot: string;
  /** SHA-256 of the domain key, hex: two files with one fingerprint are of one security domain. */
  readonly fingerprint: string;
}

/** @throws SecurityDomainError, JweError, ShamirError: the domain does not open with these keys, or is not authentic */
export function openDomain(document: string, keys: readonly CustodianKey[]): DomainSummary {
  const file = parseSecurityDomain(document);
  const shares = openShares(file, keys);
  const master = joinShares(shares, file.SharedKeys.required);
  try {
    if (master.length !== MASTER_BYTES) throw new SecurityDomainError('the shares hold no master key');
    return summarise(file, master, shares.map(shareNumber));
  } finally {
    for (const buffer of [master, ...shares]) buffer.fill(0);
  }
}

/** The first M keys that have a share, each share once. */
function openShares(file: SecurityDomainFile, keys: readonly CustodianKey[]): Buffer[] {
  const { enc_shares: encrypted, required } = file.SharedKeys;
  const used = new Set<string>();
  const shares: Buffer[] = [];
  for (const key of keys) {
    const { thumbprint, privateKey } = readCustodianKey(key);
    const of = key.name === undefined ? 'a certificate' : `the certificate of ${key.name}`;
    const share = encrypted.find(({ x5t_256 }) => x5t_256 === thumbprint);
    if (share === undefined) throw new SecurityDomainError(`${of} has no share in this domain`);
    if (used.has(thumbprint)) throw new SecurityDomainError('the same certificate was given twice');
    used.add(thumbprint);
    if (shares.length === required) continue;
    const opened = decryptWithRsa(privateKey, share.enc_key);
    shares.push(opened);
    if (proofHash(proofOfShare(opened)) !== share.proof_hash) {
      throw new SecurityDomainError(`the share for ${of} is not the one that was given out with this domain`);
    }
  }
  if (shares.length < required) {
    throw new SecurityDomainError(
      `${required} of ${encrypted.length} custodians are needed, ${shares.length} are here`,
    );
  }
  return shares;
}

function readCustodianKey({ name = 'a private key', certificatePem, privateKeyPem, passphrase }: CustodianKey): {
  thumbprint: string;
  privateKey: KeyObject;
} {
  let certificate: X509Certificate;
  let privateKey: KeyObject;
  try {
    certificate = new X509Certificate(certificatePem);
  } catch (cause) {
    throw new SecurityDomainError(`the certificate of ${name} does not read`, { cause });
  }
  try {
    privateKey = createPrivateKey({ key: privateKeyPem, ...(passphrase === undefined ? {} : { passphrase }) });
  } catch (cause) {
    const why = passphrase === undefined ? 'is it a PEM file?' : 'wrong passphrase?';
    throw new SecurityDomainError(`${name} does not read: ${why}`, { cause });
  }
  if (!certificate.checkPrivateKey(privateKey)) {
    throw new SecurityDomainError(`${name} does not belong to its certificate`);
  }
  return { thumbprint: toBase64url(createHash('sha256').update(certificate.raw).digest()), privateKey };
}

/** Known independently of any attestation: whoever opens the domain can say which root is the instance's. */
function attestationRootOf(pkcs8: Uint8Array): string {
  const der = Buffer.from(pkcs8);
  const root = createPublicKey(createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }));
  const spki = root.export({ format: 'der', type: 'spki' });
  der.fill(0);
  return createHash('sha256').update(spki).digest('base64url');
}

function summarise(file: SecurityDomainFile, master: Buffer, sharesUsed: readonly number[]): DomainSummary {
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
    sharesUsed,
    verificationKey: instance.verificationKey,
    domainKey: instance.domainKey,
    attestationRoot: attestationRootOf(decodeDomainKeys(keys).attestation),
    fingerprint: domainFingerprint(fromBase64url(instance.domainKey)),
  };
}

export interface OpenOptions {
  /** The security-domain file. */
  readonly file: string;
  /** Private keys (PEM); the certificate of each lies beside it. */
  readonly keys: readonly string[];
  /** Asked for the passphrase of each key that is encrypted, one after the other, in the order of the keys. */
  passphraseOf(keyFile: string): Promise<string>;
}

/** @throws CustodianError, SecurityDomainError, JweError, ShamirError */
export async function runOpen({ file, keys, passphraseOf }: OpenOptions): Promise<DomainSummary> {
  if (keys.length === 0) throw new CustodianError('keys: name the private keys of a quorum');
  const document = await readFile(file, 'utf8');
  const custodians: CustodianKey[] = [];
  for (const key of keys) custodians.push(await readKey(key, passphraseOf));
  return openDomain(document, custodians);
}

async function readKey(keyFile: string, passphraseOf: OpenOptions['passphraseOf']): Promise<CustodianKey> {
  const certificateFile = await certificateOf(keyFile);
  const [privateKeyPem, certificate] = await Promise.all([
    readFile(keyFile, 'utf8'),
    readCertificateFile(certificateFile),
  ]);
  const passphrase = isEncryptedPem(privateKeyPem) ? await passphraseOf(keyFile) : undefined;
  return { name: keyFile, privateKeyPem, certificatePem: certificate.toString(), passphrase };
}
