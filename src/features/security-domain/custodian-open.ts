// Proves that a security-domain file can be opened by the custodians at hand, and says what is inside but the keys.
import { readFile } from 'node:fs/promises';
import { CustodianError } from './custodian-keygen.ts';
import { type CustodianKey, type DomainSummary, openDomain } from './open-domain.ts';
import { readPassphrase } from './passphrase-file.ts';

export interface OpenOptions {
  /** The security-domain file. */
  readonly file: string;
  /** Private keys (PEM); each one's certificate is the same path with its last extension replaced by `.cer`. */
  readonly keys: readonly string[];
  /** File whose first line decrypts the keys that are encrypted. */
  readonly passphraseFile?: string | undefined;
}

/** @throws CustodianError, SecurityDomainError, JweError, ShamirError */
export async function runOpen({ file, keys, passphraseFile }: OpenOptions): Promise<DomainSummary> {
  if (keys.length === 0) throw new CustodianError('keys: name the private keys of a quorum');
  const document = await readFile(file, 'utf8');
  const passphrase = passphraseFile === undefined ? undefined : await readPassphrase(passphraseFile);
  return openDomain(document, await Promise.all(keys.map((key) => readKey(key, passphrase))));
}

async function readKey(keyFile: string, passphrase: string | undefined): Promise<CustodianKey> {
  const certificateFile = keyFile.replace(/\.[^./]*$/, '.cer');
  if (certificateFile === keyFile) throw new CustodianError(`${keyFile}: a key file has an extension other than .cer`);
  const [privateKeyPem, certificatePem] = await Promise.all([
    readFile(keyFile, 'utf8'),
    readFile(certificateFile, 'utf8'),
  ]);
  return { privateKeyPem, certificatePem, passphrase };
}
