// Every file of vectors that is run, each once.
import { joseFiles } from './jose.ts';
import { mlDsaFiles } from './ml-dsa.ts';
import { rsaEncryptionFiles } from './rsa-encryption.ts';
import type { FileRow } from './run-file.ts';
import { signatureFiles } from './signatures.ts';
import { symmetricFiles } from './symmetric.ts';

export const allFiles: readonly FileRow[] = [
  ...symmetricFiles,
  ...rsaEncryptionFiles,
  ...signatureFiles,
  ...mlDsaFiles,
  ...joseFiles,
];
