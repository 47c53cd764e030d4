// What an instance offers in TLS. Version 1.3; 1.2 only where the operator asks for it, and then with authenticated
// encryption and forward secrecy alone. Keys are agreed on with a hybrid that a quantum computer does not break either,
// where the client knows it.
import { createSecureContext, type SecureContextOptions } from 'node:tls';
import { checkClientAuthorities } from './client-authorities.ts';

export interface TlsFiles {
  /** PEM. */
  readonly key: string;
  /** PEM: the certificate, then those that lead to its authority. */
  readonly certificate: string;
  /** PEM of the authorities of client certificates; absent: clients need none. */
  readonly clientAuthorities?: string;
}

export type TlsVersion = 'TLSv1.2' | 'TLSv1.3';

/**
 * X25519 with ML-KEM-768 (draft-ietf-tls-ecdhe-mlkem) wherever the client knows it, even if it first tries another, which
 * the slash says; then what older clients know.
 */
const KEY_EXCHANGES = 'X25519MLKEM768/X25519:P-256:P-384';
const CIPHERS = [
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'TLS_AES_128_GCM_SHA256',
  // Version 1.2.
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
].join(':');

/** @throws Error when key, certificate or authorities do not read, or the first two do not belong together */
export function tlsOptions({ key, certificate, clientAuthorities }: TlsFiles, minVersion: TlsVersion = 'TLSv1.3') {
  if (clientAuthorities !== undefined) checkClientAuthorities(clientAuthorities);
  const options: SecureContextOptions = {
    key,
    cert: certificate,
    minVersion,
    maxVersion: 'TLSv1.3',
    ecdhCurve: KEY_EXCHANGES,
    ciphers: CIPHERS,
    honorCipherOrder: true,
    ...(clientAuthorities === undefined ? {} : { ca: clientAuthorities }),
  };
  // A server takes options that do not fit without a word, and then fails every handshake.
  createSecureContext(options);
  const isAsked = clientAuthorities !== undefined;
  return { ...options, requestCert: isAsked, rejectUnauthorized: isAsked };
}
