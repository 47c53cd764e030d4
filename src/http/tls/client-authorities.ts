// Authorities of client certificates, read whole before they are used: the TLS library stops at the first that it cannot read,
// and takes an empty text for every public authority.
import { X509Certificate } from 'node:crypto';

const BLOCK = /-----BEGIN ([A-Z0-9 ]+)-----[\s\S]*?-----END \1-----/g;
const BEGIN = /-----BEGIN /g;

/** @param pem of at least one certificate @throws Error when there is none, or one of them cannot be read */
export function checkClientAuthorities(pem: string): void {
  const blocks = [...pem.matchAll(BLOCK)].map(([block]) => block);
  if (blocks.length === 0) throw new Error('there is no certificate in PEM form among the authorities of clients');
  if (blocks.length !== [...pem.matchAll(BEGIN)].length) {
    throw new Error('a certificate among the authorities of clients is cut off');
  }
  for (const [at, block] of blocks.entries()) {
    try {
      new X509Certificate(block);
    } catch (cause) {
      throw new Error(`number ${at + 1} of the authorities of clients is no certificate`, { cause });
    }
  }
}
