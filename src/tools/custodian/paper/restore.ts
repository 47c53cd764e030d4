// From what was typed off a paper copy back to the two files of a key.

import { X509Certificate } from 'node:crypto';
import { encryptPkcs8 } from '../../../formats/encrypted-pkcs8.ts';
import { certificatePem } from '../../../formats/x509-writer.ts';
import { fingerprintOf } from '../fingerprint.ts';
import { type KeyFiles, writeKeyFiles } from '../new-file.ts';
import { openSheet } from './sheet.ts';

export interface Restored extends KeyFiles {
  readonly fingerprint: string;
}

/** @param sheet from `fromLines` @throws CustodianError, PaperError */
export async function restoreKey(sheet: Buffer, passphrase: string, out: string, name: string): Promise<Restored> {
  const { privateKey, certificate } = openSheet(sheet, passphrase);
  const pkcs8 = privateKey.export({ format: 'der', type: 'pkcs8' });
  const pem = encryptPkcs8(pkcs8, passphrase);
  pkcs8.fill(0);
  const files = await writeKeyFiles(out, name, { privateKeyPem: pem, certificate: certificatePem(certificate) });
  return { ...files, fingerprint: fingerprintOf(new X509Certificate(certificate)) };
}
