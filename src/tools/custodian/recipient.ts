// The certificate that a share is re-encrypted to: of a recovering instance or of a sealed one that waits to be unlocked.
import { X509Certificate } from 'node:crypto';
import { orThrow, Refusal } from '../../formats/refusal.ts';
import { fingerprintOf, subjectOf, thumbprintOf } from './fingerprint.ts';

export type Recipient = ReturnType<typeof readRecipient>;

/**
 * PEM, DER, a JWK with `x5c`, or the service's answer with such a JWK in `transfer_key`.
 * @param path names the file in messages
 * @returns with `name`: the instance that asks, as it calls itself
 * @throws Refusal
 */
export function readRecipient(path: string, content: Buffer) {
  const what =
    'is not a certificate: it should be the exchange key that was fetched from the instance (PEM, or JWK with x5c)';
  const certificate = orThrow(
    () => new X509Certificate(fromJson(content) ?? content),
    (cause) => new Refusal(`${path} ${what}`, { cause }),
  );
  const bits = certificate.publicKey.asymmetricKeyDetails?.modulusLength ?? 0;
  if (certificate.publicKey.asymmetricKeyType !== 'rsa' || bits < 2048) {
    throw new Refusal(`${path} has no RSA key of at least 2048 bits: it is not the certificate of an instance`);
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
