// What `strongroom byok wrap` does: reads a key-exchange key and a target, and writes the transfer file.

import { readFile, writeFile } from 'node:fs/promises';
import { Refusal } from '../../formats/refusal.ts';
import { writeTransferBlob } from '../../formats/transfer-blob.ts';
import { wrapForTransfer } from '../../formats/transfer-wrap.ts';
import { checkTransferFile } from './check-transfer-file.ts';
import { type KekFile, readKekFile } from './read-kek-file.ts';
import { privateKeyTarget, symmetricTarget } from './read-target-file.ts';

export type Source =
  | { readonly kind: 'pem' | 'raw'; readonly file: string }
  | {
      readonly kind: 'token';
      readonly library: string;
      readonly tokenLabel: string;
      readonly keyLabel: string;
      /** The caller has read it from where nobody else sees it. */
      readonly pin: Buffer;
    };

export interface WrapFiles {
  readonly kekFile: string;
  /** Absent: the one that the key-exchange key's file says. */
  readonly kid: string | undefined;
  readonly source: Source;
  readonly out: string;
  readonly generator: string;
}

/** @throws Refusal, TransferBlobError; errors of the file system as they are */
export async function wrapFiles({
  kekFile,
  kid: given,
  source,
  out,
  generator,
}: WrapFiles): Promise<{ readonly kid: string }> {
  const kek = readKekFile(await readFile(kekFile, 'utf8'));
  const kid = given ?? kek.kid;
  if (kid === undefined)
    throw new Refusal('the file of the key-exchange key does not say its identifier: give it with --kid');
  const file = writeTransferBlob({ kid, ciphertext: await wrapSource(kek, source), generator });
  checkTransferFile(Buffer.from(file, 'utf8'), kek.publicKey);
  await writeFile(out, file, { flag: 'wx' });
  return { kid };
}

async function wrapSource({ publicKey }: KekFile, source: Source): Promise<Buffer> {
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
