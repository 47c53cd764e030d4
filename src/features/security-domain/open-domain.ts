// What custodians do with a security domain, offline: open it with a quorum of their keys and see that it holds what it
// must. Root keys are looked at and overwritten; only the summary leaves.
import { createHash, createPrivateKey, createPublicKey, type KeyObject, verify, X509Certificate } from 'node:crypto';
import { fromBase64url, toBase64url } from '../../formats/base64url.ts';
import { decryptDirect, decryptWithRsa } from '../../formats/jwe.ts';
import { kdfCounter } from '../../formats/kdf.ts';
import { decodeRootKeys, ed25519Pkcs8, ed25519Spki } from '../../formats/root-keys.ts';
import {
  decodeEntry,
  entryToSign,
  INSTANCE_TAG,
  type InstanceEntry,
  KDF_BITS,
  MASTER_BYTES,
  parseSecurityDomain,
  ROOT_KEYS_TAG,
  SecurityDomainError,
  type SecurityDomainFile,
} from '../../formats/security-domain.ts';
import { joinShares, shareNumber } from '../../formats/shamir.ts';

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
  /** Raw Ed25519 key that signed the domain, base64url: the same key signs the audit log's checkpoints. */
  readonly verificationKey: string;
  /** SHA-256 of the public key that is the root of the instance's attestations, base64url. */
  readonly attestationRoot: string;
  /** SHA-256 over the root keys, hex: two domains with one fingerprint restore the same instance. */
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
    if (shares.length < required) shares.push(decryptWithRsa(privateKey, share.enc_key));
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
  const instance = readInstance(openEntry(file, master, INSTANCE_TAG).payload);
  const verificationKey = fromBase64url(instance.verificationKey);
  for (const { tag } of file.EncData.data) checkSignature(tag, openEntry(file, master, tag), verificationKey);
  const rootKeys = openEntry(file, master, ROOT_KEYS_TAG).payload;
  try {
    // The signer must be the very key inside: otherwise anyone could sign a domain of their own making.
    const { auditSigning, attestation } = decodeRootKeys(rootKeys);
    const seed = ed25519Pkcs8(auditSigning);
    const signer = createPublicKey(createPrivateKey({ key: seed, format: 'der', type: 'pkcs8' }));
    seed.fill(0);
    if (!signer.export({ format: 'der', type: 'spki' }).equals(ed25519Spki(verificationKey))) {
      throw new SecurityDomainError('the domain is signed by another instance');
    }
    if (instance.required !== file.SharedKeys.required) throw new SecurityDomainError('the quorum was changed');
    const listed = file.SharedKeys.enc_shares.map(({ x5t_256 }) => x5t_256).join();
    if (instance.custodians.join() !== listed) throw new SecurityDomainError('the custodians were changed');
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
      attestationRoot: attestationRootOf(attestation),
      fingerprint: createHash('sha256').update('strongroom root keys\n').update(rootKeys).digest('hex'),
    };
  } finally {
    rootKeys.fill(0);
  }
}

function openEntry(file: SecurityDomainFile, master: Buffer, tag: string): ReturnType<typeof decodeEntry> {
  const entry = file.EncData.data.find((candidate) => candidate.tag === tag);
  if (entry === undefined) throw new SecurityDomainError(`the domain has no entry ${tag}`);
  const key = kdfCounter(master, tag, '', KDF_BITS);
  try {
    return decodeEntry(decryptDirect(key, entry.compact_jwe));
  } finally {
    key.fill(0);
  }
}

function checkSignature(tag: string, entry: ReturnType<typeof decodeEntry>, raw: Buffer): void {
  const key = createPublicKey({ key: ed25519Spki(raw), format: 'der', type: 'spki' });
  const signed = entryToSign(tag, entry.payload);
  const authentic = verify(null, signed, key, entry.signature);
  signed.fill(0);
  entry.payload.fill(0);
  if (!authentic) throw new SecurityDomainError(`the entry ${tag} is not authentic`);
}

function readInstance(payload: Buffer): InstanceEntry {
  let value: Partial<Record<keyof InstanceEntry, unknown>>;
  try {
    value = JSON.parse(payload.toString('utf8')) as typeof value;
  } catch (cause) {
    throw new SecurityDomainError('the instance entry is not JSON', { cause });
  }
  const { instanceId, instanceName, createdAt, downloadedAt, required, custodians, verificationKey } = value;
  const wellFormed =
    typeof instanceId === 'string' &&
    typeof instanceName === 'string' &&
    typeof createdAt === 'number' &&
    typeof downloadedAt === 'number' &&
    typeof required === 'number' &&
    typeof verificationKey === 'string' &&
    verificationKey.length === 43 &&
    Array.isArray(custodians) &&
    custodians.every((custodian) => typeof custodian === 'string');
  if (!wellFormed) throw new SecurityDomainError('the instance entry is malformed');
  return { instanceId, instanceName, createdAt, downloadedAt, required, custodians, verificationKey };
}
