// The certificate that a share is re-encrypted to: of a recovering instance or of a sealed one that waits to be unlocked.
import { X509Certificate } from 'node:crypto';
import { fingerprintOf, subjectOf } from './fingerprint.ts';
import { thumbprintOf } from './holder.ts';
import { CustodianError } from './refusal.ts';

export interface Recipient {
  readonly certificate: X509Certificate;
  /** x5t#S256. */
  readonly thumbprint: string;
  /** SHA-256, hex, in groups of four. */
  readonly fingerprint: string;
  /** Common name: the instance that asks, as it calls itself. */
  readonly name: string;
}

/**
 * PEM, DER, a JWK with `x5c`, or the service's answer with such a JWK in `transfer_key`.
 * @param path names the file in messages
 * @throws CustodianError
 */
export function readRecipient(path: string, content: Buffer): Recipient {
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(fromJson(content) ?? content);
  } catch (cause) {
    throw new CustodianError(
      `${path} is not a certificate: it should be the exchange key that was fetched from the instance (PEM, or JWK with x5c)`,
      { cause },
    );
  }
  const bits = certificate.publicKey.asymmetricKeyDetails?.modulusLength ?? 0;
  if (certificate.publicKey.asymmetricKeyType !== 'rsa' || bits < 2048) {
    throw new CustodianError(`${path} has no RSA key of at least 2048 bits: it is not the certificate of an instance`);
  }
  const subject = subjectOf(certificate);
  const name = /(?:^|, )CN=([^,]*)/.exec(subject)?.[1] ?? subject;
  return { certificate, thumbprint: thumbprintOf(certificate), fingerprint: fingerprintOf(certificate), name };
}

function fromJson(content: Buffer): Buffer | undefined {
  let value: unknown;
  try {
    value = JSON.parse(content.toString('utf8'));
    const { transfer_key: inner } = value as { readonly transfer_key?: unknown };
    if (typeof inner === 'string') value = JSON.parse(inner);
  } catch {
    // Not JSON: PEM or DER.
    return undefined;
  }
  const { x5c } = value as { readonly x5c?: unknown };
  const [first] = Array.isArray(x5c) ? (x5c as unknown[]) : [];
  return typeof first === 'string' ? Buffer.from(first, 'base64') : undefined;
}
