// Envelope encryption with the stock SDK: the key stays in the HSM, a data key is wrapped and unwrapped by it. The SDK
// sends RSA-OAEP-256 to the service for both; with RSA-OAEP it would wrap by itself.
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { join } from 'node:path';
import type { TokenCredential } from '@azure/identity';
import { CryptographyClient, KeyClient, type KeyVaultKey } from '@azure/keyvault-keys';
import { replaceFile } from '../files/durable-file.ts';
import { readIfThere } from '../files/read-if-there.ts';
import { record, text } from '../formats/shape.ts';

export const KEY_NAME = 'demo-kek';
const ALGORITHM = 'RSA-OAEP-256';
const DATA_KEY_BYTES = 32;

/**
 * Of the data key that the first start wrapped: a later start knows by it that it came back the same. The versioned identifier of
 * the key that wrapped it; base64url, as the SHA-256 of the data key is.
 */
const shape = record({ keyId: text, algorithm: text, wrapped: text, digest: text });
type KeptWrap = ReturnType<typeof shape>;

export async function findOrCreateKey(
  instance: string,
  credential: TokenCredential,
): Promise<{ key: KeyVaultKey; found: boolean }> {
  const client = new KeyClient(instance, credential);
  try {
    return { key: await client.getKey(KEY_NAME), found: true };
  } catch (error) {
    if (!(error instanceof Error && 'statusCode' in error && error.statusCode === 404)) throw error;
  }
  return { key: await client.createRsaKey(KEY_NAME, { hsm: true, keySize: 2048 }), found: false };
}

/** Wraps a fresh data key. */
export async function wrap(keyId: string, credential: TokenCredential): Promise<{ dataKey: Buffer; kept: KeptWrap }> {
  const dataKey = randomBytes(DATA_KEY_BYTES);
  const { result } = await new CryptographyClient(keyId, credential).wrapKey(ALGORITHM, dataKey);
  const wrapped = Buffer.from(result).toString('base64url');
  return { dataKey, kept: { keyId, algorithm: ALGORITHM, wrapped, digest: digestOf(dataKey) } };
}

/** @throws when what comes back is not the data key that was wrapped */
export async function unwrap({ keyId, wrapped, digest }: KeptWrap, credential: TokenCredential): Promise<void> {
  const { result } = await new CryptographyClient(keyId, credential).unwrapKey(
    ALGORITHM,
    Buffer.from(wrapped, 'base64url'),
  );
  const same = timingSafeEqual(Buffer.from(digestOf(result)), Buffer.from(digest));
  result.fill(0);
  if (!same) throw new Error('the unwrapped data key is not the one that was wrapped');
}

export function readKeptWrap(root: string): KeptWrap | undefined {
  const content = readIfThere(fileIn(root));
  return content === undefined ? undefined : shape(JSON.parse(content), 'demo.json');
}

export async function writeKeptWrap(root: string, kept: KeptWrap): Promise<void> {
  await replaceFile(fileIn(root), `${JSON.stringify(kept, null, 2)}\n`);
}

function digestOf(dataKey: Uint8Array): string {
  return createHash('sha256').update(dataKey).digest('base64url');
}

/** What `DATA/demo.json` holds is no secret: a ciphertext, and a hash. */
function fileIn(root: string): string {
  return join(root, 'demo.json');
}
