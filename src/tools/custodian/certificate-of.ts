// The certificate of a private key that is named alone: it lies beside it, under the same name with another extension. Custodians
// call the two `anna.pem` and `anna.cer`, as the stock command line wants them, or `anna.key` and `anna.pem` or `anna.crt`.
import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { CustodianError } from './refusal.ts';

const EXTENSIONS = ['.cer', '.crt', '.pem'] as const;

/** The path of the first that is there and is a certificate. @throws CustodianError naming all that were looked for */
export async function certificateOf(key: string): Promise<string> {
  const stem = key.replace(/\.[^./\\]*$/, '');
  const names = EXTENSIONS.map((extension) => stem + extension).filter((name) => name !== key);
  let other: string | undefined;
  for (const name of names) {
    const is = await contentOf(name);
    if (is === 'a certificate') return name;
    if (is === 'another file') other ??= name;
  }
  // For its reader to refuse, by its name.
  if (other !== undefined) return other;
  throw new CustodianError(
    `the certificate of ${key} is not beside it: there is no ${names.join(', no ')}; copy it there under one of these names`,
  );
}

async function contentOf(path: string): Promise<'a certificate' | 'another file' | 'nothing'> {
  try {
    new X509Certificate(await readFile(path));
    return 'a certificate';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'nothing' : 'another file';
  }
}
