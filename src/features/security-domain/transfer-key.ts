// The transfer key as clients take it: a JSON Web Key with its certificate, as a text.
import { createHash, X509Certificate } from 'node:crypto';
import type { Detail } from '../../http/entry-detail.ts';

/** @param certificate DER @param origin what the key's id begins with */
export function transferKeyBody(certificate: Uint8Array, origin: string) {
  const { raw, publicKey } = new X509Certificate(certificate);
  const { n, e } = publicKey.export({ format: 'jwk' });
  const digest = (algorithm: string): string => createHash(algorithm).update(raw).digest('base64url');
  const jwk = {
    kid: `${origin}/transfer_key`,
    kty: 'RSA',
    key_ops: ['encrypt'],
    n,
    e,
    alg: 'RSA-OAEP-256',
    x5c: [raw.toString('base64')],
    // The protocol's own digest of a certificate; nothing is decided by it.
    x5t: digest('sha1'),
    'x5t#S256': digest('sha256'),
  };
  // JSON text: clients parse the member, they do not take an object.
  return { key_format: 'jwk', transfer_key: JSON.stringify(jwk) };
}

/** @param certificate DER: for the record, whom shares were asked for */
export function transferKeyDetail(certificate: Uint8Array): Detail {
  return { transferKey: createHash('sha256').update(certificate).digest('base64url') };
}
