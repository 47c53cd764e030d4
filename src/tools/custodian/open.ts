// Proves that a security-domain file can be opened by the custodians at hand, and says what is inside but the keys.
import { readFile } from 'node:fs/promises';
import { certificateOf } from './certificate-of.ts';
import { readCertificateFile } from './fingerprint.ts';
import { isEncryptedPem } from './holder.ts';
import { type CustodianKey, type DomainSummary, openDomain } from './open-domain.ts';
import { CustodianError } from './refusal.ts';

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
