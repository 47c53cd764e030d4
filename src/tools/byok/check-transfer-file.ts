// Looks at a transfer file without the HSM: every field, and with the key-exchange key at hand the lengths too. Whether it
// unwraps is for the HSM alone to say.
import type { KeyObject } from 'node:crypto';
import { ShapeError } from '../../formats/shape.ts';
import { readTransferBlob, type TransferBlob } from '../../formats/transfer-blob.ts';

const KID = /^https:\/\/[^/?#@]+\/keys\/[0-9a-zA-Z-]{1,127}(\/[0-9a-f]{32})?$/i;
const WIDTHS = [256, 384, 512];

/** @throws ShapeError naming the field */
export function checkTransferFile(bytes: Uint8Array, kek?: KeyObject): TransferBlob {
  const blob = readTransferBlob(bytes);
  if (!KID.test(blob.kid)) throw new ShapeError('header.kid: is not https://{hsm}/keys/{name}/{version}');
  const modulus = kek?.asymmetricKeyDetails?.modulusLength;
  const widths = modulus === undefined ? WIDTHS : [modulus / 8];
  const { length } = blob.ciphertext;
  if (!widths.some((width) => length >= width + 16 && (length - width) % 8 === 0)) {
    throw new ShapeError(
      `ciphertext: has ${length} bytes; it is ${widths.join(', ')} (as long as the key-exchange key) and a multiple of 8`,
    );
  }
  return blob;
}
