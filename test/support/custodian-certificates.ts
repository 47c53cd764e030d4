// Self-signed RSA certificates for custodians in tests, as standard base64 DER; keys are made once per process.
import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import { X509CertificateGenerator } from '@peculiar/x509';

const ALGORITHM = {
  name: 'RSASSA-PKCS1-v1_5',
  hash: 'SHA-256',
  modulusLength: 2048,
  publicExponent: new Uint8Array([1, 0, 1]),
};

export async function makeCertificates(count: number): Promise<string[]> {
  return Promise.all(
    Array.from({ length: count }, async (_, index) => {
      const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
      const certificate = await X509CertificateGenerator.createSelfSigned({
        name: `CN=custodian ${index + 1}`,
        keys,
        signingAlgorithm: ALGORITHM,
      });
      return Buffer.from(certificate.rawData).toString('base64');
    }),
  );
}
