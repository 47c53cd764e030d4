// A self-signed RSA certificate of an application and its key, both as PEM.
import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import { X509CertificateGenerator } from '@peculiar/x509';
import { takeRsaPair } from './test-keys.ts';

export interface RsaCertificate {
  readonly key: string;
  readonly pem: string;
}

const ALGORITHM = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' };
const DAY_MS = 86_400_000;

/** `days`: how long it is valid from now; negative: it ended so long ago. */
export async function makeCertificate({ days = 30 }: { readonly days?: number } = {}): Promise<RsaCertificate> {
  const keys = takeRsaPair();
  const now = Date.now();
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: 'CN=application',
    keys,
    signingAlgorithm: ALGORITHM,
    notBefore: new Date(now - 60 * DAY_MS),
    notAfter: new Date(now + days * DAY_MS),
  });
  const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64');
  return {
    key: `-----BEGIN PRIVATE KEY-----\n${pkcs8.replace(/.{64}/g, '$&\n')}\n-----END PRIVATE KEY-----\n`,
    pem: `${certificate.toString('pem')}\n`,
  };
}
