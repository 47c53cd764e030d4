// What `strongroom byok wrap` does: reads a key-exchange key and a target, and writes the transfer file.

import type { KeyObject } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { Refusal } from '../../formats/refusal.ts';
import { writeTransferBlob } from '../../formats/transfer-blob.ts';
import { wrapForTransfer } from '../../formats/transfer-wrap.ts';
import { checkTransferFile } from './check-transfer-file.ts';
import type { TokenKey } from './pkcs11/wrap-from-token.ts';
import { readKekFile } from './read-kek-file.ts';
import { privateKeyTarget, symmetricTarget } from './read-target-file.ts';

type Source = { readonly kind: 'pem' | 'raw'; readonly file: string } | ({ readonly kind: 'token' } & TokenKey);

interface WrapFiles {
  readonly kekFile: string;
  /** Absent: the one that the key-exchange key's file says. */
  readonly kid: string | undefined;
  readonly source: Source;
  readonly out: string;
  readonly generator: string;
}

/** @throws Refusal, TransferBlobError; errors of the file system as they are */
export async function wrapFiles({ kekFile, kid: given, source, out, generator }: WrapFiles) {
  const kek = readKekFile(await readFile(kekFile, 'utf8'));
  const kid = given ?? kek.kid;
  if (kid === undefined)
    throw new Refusal('the file of the key-exchange key does not say its identifier: give it with --kid');
  const file = writeTransferBlob({ kid, ciphertext: await wrapSource(kek.publicKey, source), generator });
  checkTransferFile(Buffer.from(file, 'utf8'), kek.publicKey);
  await writeFile(out, file, { flag: 'wx' });
  return { kid };
}

async function wrapSource(publicKey: KeyObject, source: Source): Promise<Buffer> {
  if (source.kind === 'token') {
    const { wrapFromToken } = await import('./pkcs11/wrap-from-token.ts');
    return wrapFromToken(publicKey, source);
  }
  const bytes = await readFile(source.file);
  const target = source.kind === 'pem' ? privateKeyTarget(bytes) : symmetricTarget(bytes);
  try {
    return wrapForTransfer(publicKey, target);
  } finally {
    target.fill(0);
    bytes.fill(0);
  }
}
