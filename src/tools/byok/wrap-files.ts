// What `strongroom byok wrap` does: reads a key-exchange key and a target, and writes the transfer file.

import { createPrivateKey, type KeyObject } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { orThrow, Refusal } from '../../formats/refusal.ts';
import { writeTransferBlob } from '../../formats/transfer-blob.ts';
import { wrapForTransfer } from '../../formats/transfer-wrap.ts';
import { checkTransferFile } from './check-transfer-file.ts';
import type { TokenKey } from './pkcs11/wrap-from-token.ts';
import { readKekFile } from './read-kek-file.ts';

type Source = { readonly kind: 'pem' | 'raw'; readonly file: string } | ({ readonly kind: 'token' } & TokenKey);

interface WrapFiles {
  readonly kekFile: string;
  /** Absent: the one that the key-exchange key's file says. */
  readonly kid: string | undefined;
  readonly source: Source;
  readonly out: string;
  readonly generator: string;
}

/** @throws Refusal, ShapeError; errors of the file system as they are */
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

// The key to be wrapped, from a file: a private key in PEM becomes PKCS#8, raw bytes are a symmetric key.

const RSA_SIZES = [2048, 3072, 4096];
const CURVES = ['prime256v1', 'secp256k1', 'secp384r1', 'secp521r1'];

/** PKCS#8 DER; the caller overwrites it. @throws Refusal */
function privateKeyTarget(pem: Buffer): Buffer {
  const key = orThrow(
    () => createPrivateKey(pem),
    // Without the cause: its text may quote the file.
    () => new Refusal('the key file is no private key in PEM, or is encrypted: decrypt it first (openssl pkey)'),
  );
  const { modulusLength = 0, namedCurve = '' } = key.asymmetricKeyDetails ?? {};
  const fits =
    (key.asymmetricKeyType === 'rsa' && RSA_SIZES.includes(modulusLength)) ||
    (key.asymmetricKeyType === 'ec' && CURVES.includes(namedCurve));
  if (!fits) {
    throw new Refusal(
      'the key is none that can be imported: RSA of 2048, 3072 or 4096 bits, or EC on P-256, P-256K, P-384, P-521',
    );
  }
  return key.export({ format: 'der', type: 'pkcs8' });
}

function symmetricTarget(bytes: Buffer): Buffer {
  if (bytes.length === 16 || bytes.length === 24 || bytes.length === 32) return bytes;
  throw new Refusal(`a symmetric key has 16, 24 or 32 raw bytes, this file has ${bytes.length}`);
}
