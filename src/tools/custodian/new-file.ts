// Files that the tool makes: durable, and never in place of one that is there.
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { byNode, createFileInPlace, type Syncing } from '../../files/durable-file.ts';
import { CustodianError } from './refusal.ts';

/** Custodians have systems of all kinds, and not every one can sync a folder. */
const syncing: Syncing = { ...byNode, folder: async () => {} };

/** @throws CustodianError when the file exists */
export async function writeNewFile(path: string, content: string, mode: number): Promise<void> {
  try {
    await createFileInPlace(path, content, mode, syncing);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    throw new CustodianError(`${path} exists already: move it away, or write elsewhere with --out`);
  }
}

export interface KeyFiles {
  /** PKCS#8 PEM, 0600. */
  readonly keyFile: string;
  /** PEM, the same path with `.cer`. */
  readonly certificateFile: string;
}

/** Both or neither. @param pair PEM @throws CustodianError when one of them exists */
export async function writeKeyFiles(
  out: string,
  name: string,
  pair: { readonly privateKeyPem: string; readonly certificate: string },
): Promise<KeyFiles> {
  const keyFile = join(out, `${name}.pem`);
  const certificateFile = join(out, `${name}.cer`);
  await writeNewFile(certificateFile, pair.certificate, 0o644);
  try {
    await writeNewFile(keyFile, pair.privateKeyPem, 0o600);
  } catch (error) {
    await rm(certificateFile);
    throw error;
  }
  return { keyFile, certificateFile };
}
