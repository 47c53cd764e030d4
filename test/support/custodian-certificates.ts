// Self-signed RSA certificates for custodians in tests, as standard base64 DER.
import 'reflect-metadata';
import { X509CertificateGenerator } from '@peculiar/x509';
import { takeRsaPair } from './test-keys.ts';

const ALGORITHM = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' };

export async function makeCertificates(count: number): Promise<string[]> {
  return Promise.all(
    Array.from({ length: count }, async (_, index) => {
      const certificate = await X509CertificateGenerator.createSelfSigned({
        name: `CN=custodian ${index + 1}`,
        keys: takeRsaPair(),
        signingAlgorithm: ALGORITHM,
      });
      return Buffer.from(certificate.rawData).toString('base64');
    }),
  );
}
