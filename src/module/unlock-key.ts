// The key to which secrets are encrypted on their way into one locked partition. It lives as long as that partition is
// locked. Its certificate also lies in the module's folder, where partitions alone write: another partition hands its
// seal key to a certificate that lies there and to no other, so no message brings that key to whoever sends it.
import { createHash, generateKeyPairSync, randomBytes, sign, X509Certificate } from 'node:crypto';
import { readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { CryptoError } from '../crypto/protocol/messages.ts';
import { decryptWithRsa, encryptToRsa } from '../formats/jwe.ts';
import { recipientCertificate } from '../formats/x509-writer.ts';
import { createDurable } from './durable-file.ts';
import type { Recipient } from './quorum-seal.ts';

const BITS = 3072;
const FILE = /^recipient-[\w-]{43}\.cer$/;
/** Left by partitions that were killed while they waited. */
const STALE_MS = 3_600_000;

export interface UnlockKey extends Recipient, Disposable {
  /** DER. */
  readonly certificate: Buffer;
}

/** @param now Unix seconds */
export function makeUnlockKey(folder: string, instanceName: string, now: number): UnlockKey {
  removeStale(folder, now);
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: BITS });
  const serial = randomBytes(16);
  serial[0] = ((serial[0] as number) & 0x3f) | 0x40;
  const fields = {
    serial,
    subject: `unlock ${instanceName}`,
    notBefore: now,
    publicKey: publicKey.export({ format: 'der', type: 'spki' }),
  };
  const certificate = recipientCertificate(fields, (toSign) => sign('sha256', toSign, privateKey));
  const thumbprint = thumbprintOf(certificate);
  const path = join(folder, `recipient-${thumbprint}.cer`);
  createDurable(path, certificate);
  return {
    certificate,
    thumbprint,
    decrypt: (jwe) => decryptWithRsa(privateKey, jwe),
    [Symbol.dispose]: () => rmSync(path, { force: true }),
  };
}

/** Once for each certificate. @throws CryptoError BadRequest when no partition over this folder waits with it */
export function encryptToWaiting(folder: string, certificate: Uint8Array, secret: Uint8Array): string {
  const path = join(folder, `recipient-${thumbprintOf(certificate)}.cer`);
  let waiting: Buffer;
  try {
    waiting = readFileSync(path);
  } catch (cause) {
    throw new CryptoError('BadRequest', 'certificate: no partition of this module waits with it', { cause });
  }
  rmSync(path, { force: true });
  return encryptToRsa(new X509Certificate(waiting).publicKey, 'seal', secret);
}

function removeStale(folder: string, now: number): void {
  for (const name of readdirSync(folder)) {
    if (!FILE.test(name)) continue;
    const path = join(folder, name);
    const age = now * 1000 - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Number.POSITIVE_INFINITY);
    if (age > STALE_MS) rmSync(path, { force: true });
  }
}

function thumbprintOf(der: Uint8Array): string {
  return createHash('sha256').update(der).digest('base64url');
}
