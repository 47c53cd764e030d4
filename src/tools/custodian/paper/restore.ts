// From what was typed off a paper copy back to the two files of a key.

import { X509Certificate } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { encryptPkcs8 } from '../../../formats/encrypted-pkcs8.ts';
import { certificatePem } from '../../../formats/x509-writer.ts';
import { fingerprintOf } from '../fingerprint.ts';
import { writeNewFile } from '../new-file.ts';
import { openSheet } from './sheet.ts';

export interface Restored {
  readonly keyFile: string;
  readonly certificateFile: string;
  readonly fingerprint: string;
}

/** @param sheet from `fromLines` @throws CustodianError, PaperError */
export async function restoreKey(sheet: Buffer, passphrase: string, out: string, name: string): Promise<Restored> {
  const { privateKey, certificate } = openSheet(sheet, passphrase);
  const pkcs8 = privateKey.export({ format: 'der', type: 'pkcs8' });
  const pem = encryptPkcs8(pkcs8, passphrase);
  pkcs8.fill(0);
  const keyFile = join(out, `${name}.pem`);
  const certificateFile = join(out, `${name}.cer`);
  await writeNewFile(certificateFile, certificatePem(certificate), 0o644);
  try {
    await writeNewFile(keyFile, pem, 0o600);
  } catch (error) {
    await rm(certificateFile);
    throw error;
  }
  return { keyFile, certificateFile, fingerprint: fingerprintOf(new X509Certificate(certificate)) };
}
