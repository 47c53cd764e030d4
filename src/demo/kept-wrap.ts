// `DATA/demo.json`: the data key that the first start wrapped, as ciphertext, and a hash by which a later start knows
// that it came back the same.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { replaceFile } from '../files/durable-file.ts';
import { record, text } from '../formats/shape.ts';

export interface KeptWrap {
  /** Versioned identifier of the key that wrapped it. */
  readonly keyId: string;
  readonly algorithm: string;
  /** base64url */
  readonly wrapped: string;
  /** SHA-256 of the data key, base64url. */
  readonly digest: string;
}

export function readKeptWrap(root: string): KeptWrap | undefined {
  let content: string;
  try {
    content = readFileSync(fileIn(root), 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
  return record({ keyId: text, algorithm: text, wrapped: text, digest: text })(JSON.parse(content), 'demo.json');
}

export async function writeKeptWrap(root: string, kept: KeptWrap): Promise<void> {
  await replaceFile(fileIn(root), `${JSON.stringify(kept, null, 2)}\n`);
}

export function digestOf(dataKey: Uint8Array): string {
  return createHash('sha256').update(dataKey).digest('base64url');
}

function fileIn(root: string): string {
  return join(root, 'demo.json');
}
