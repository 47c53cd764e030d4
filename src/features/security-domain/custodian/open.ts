// Proves that a security-domain file can be opened by the custodians at hand, and says what is inside but the keys.
import { readFile } from 'node:fs/promises';
import { type CustodianKey, type DomainSummary, openDomain } from '../open-domain.ts';
import { besideKey, isEncryptedPem } from './holder.ts';
import { CustodianError } from './refusal.ts';

export interface OpenOptions {
  /** The security-domain file. */
  readonly file: string;
  /** Private keys (PEM); each one's certificate is the same path with its last extension replaced by `.cer`. */
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
  const certificateFile = besideKey(keyFile);
  const [privateKeyPem, certificatePem] = await Promise.all([
    readFile(keyFile, 'utf8'),
    readFile(certificateFile, 'utf8'),
  ]);
  const passphrase = isEncryptedPem(privateKeyPem) ? await passphraseOf(keyFile) : undefined;
  return { name: keyFile, privateKeyPem, certificatePem, passphrase };
}
