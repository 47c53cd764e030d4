// What the stock command line makes of a domain file and a quorum of private keys, for tests: a restore blob.
import { randomBytes, X509Certificate } from 'node:crypto';
import { decryptDirect, encryptDirect } from '../formats/jwe.ts';
import { encryptToRsa } from '../formats/jwe-rsa.ts';
import { kdfCounter } from '../formats/kdf.ts';
import { KDF_BITS, parseSecurityDomain, SHARE_KID } from '../formats/security-domain.ts';
import { joinShares } from '../formats/shamir.ts';

export interface Blob {
  EncData: { data: { compact_jwe: string; tag: string }[]; kdf: string };
  WrappedKey: { enc_key: string; x5t_256: string };
}

export function entriesOf(document: string, shares: readonly Buffer[]): { tag: string; plaintext: Buffer }[] {
  const file = parseSecurityDomain(document);
  const master = joinShares(shares, file.SharedKeys.required);
  return file.EncData.data.map(({ tag, compact_jwe }) => ({
    tag,
    plaintext: decryptDirect(kdfCounter(master, tag, '', KDF_BITS), compact_jwe),
  }));
}

/** @param transfer DER of the transfer certificate */
export function restoreBlob(
  entries: readonly { readonly tag: string; readonly plaintext: Buffer }[],
  transfer: Uint8Array,
  master: Buffer = randomBytes(32),
): Blob {
  const certificate = new X509Certificate(transfer);
  return {
    EncData: {
      data: entries.map(({ tag, plaintext }) => ({
        compact_jwe: encryptDirect(kdfCounter(master, tag, '', KDF_BITS), tag, plaintext),
        tag,
      })),
      kdf: 'sp108_kdf',
    },
    WrappedKey: {
      enc_key: encryptToRsa(certificate.publicKey, SHARE_KID, master),
      x5t_256: Buffer.from(certificate.fingerprint256.replaceAll(':', ''), 'hex').toString('base64url'),
    },
  };
}
