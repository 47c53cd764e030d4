// The transfer key: an RSA key to which custodians encrypt what they bring, made when first asked for and good for one
// ceremony. All processes have the same one, sealed in a file of the module's folder. It is bound to the state of before that
// ceremony, so one that was used and is there all the same, left or put back, does not open any more.
import { createPrivateKey, type KeyObject } from 'node:crypto';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { sha256url } from '../../formats/base64url.ts';
import { fields } from '../../formats/fields.ts';
import { replaceDurable } from '../durable-file.ts';
import { openBox, SealedBoxError, sealBox } from '../sealed-box.ts';
import type { Provisioned } from '../sealed-state.ts';
import { certifyRecipient, type RsaPair } from './rsa-recipient.ts';

const layout = fields({ version: 'u8', key: 'bytes', certificate: 'bytes' });

export interface TransferKey {
  readonly privateKey: KeyObject;
  /** DER. */
  readonly certificate: Buffer;
  /** x5t#S256. */
  readonly thumbprint: string;
}

/** `undefined`: none was made, or it was made for another state and is of no use. */
export function loadTransferKey(folder: string, state: Provisioned): TransferKey | undefined {
  let plaintext: Buffer | undefined;
  try {
    plaintext = openBox(state.rootKeys.recordSealing, contextOf(state), readFileSync(pathIn(folder)));
    const { version, key, certificate } = layout.decode(plaintext);
    if (version !== 1) return undefined;
    const copy = Buffer.from(certificate);
    const pkcs8 = Buffer.from(key);
    try {
      const privateKey = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' });
      return { privateKey, certificate: copy, thumbprint: sha256url(copy) };
    } finally {
      pkcs8.fill(0);
    }
  } catch (error) {
    if (error instanceof SealedBoxError || (error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  } finally {
    plaintext?.fill(0);
  }
}

/** @param now Unix seconds */
export function keepTransferKey(folder: string, state: Provisioned, pair: RsaPair, now: number): void {
  const key = pair.privateKey.export({ format: 'der', type: 'pkcs8' });
  const certificate = certifyRecipient(pair, state.instanceName, now);
  const plaintext = layout.encode({ version: 1, key, certificate });
  try {
    replaceDurable(pathIn(folder), sealBox(state.rootKeys.recordSealing, contextOf(state), plaintext));
  } finally {
    key.fill(0);
    plaintext.fill(0);
  }
}

/** After it was used. */
export function removeTransferKey(folder: string): void {
  rmSync(pathIn(folder), { force: true });
}

function pathIn(folder: string): string {
  return join(folder, 'transfer.sealed');
}

/** No other generation has this digest, and no other instance. */
function contextOf({ digest }: Provisioned): Buffer {
  return Buffer.from(`strongroom transfer key v2\n${digest}`, 'utf8');
}
