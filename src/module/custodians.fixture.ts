// Three custodians with self-signed certificates, made once: RSA keys are slow to find.
import 'reflect-metadata';
import { KeyObject, webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import { takeRsaPair } from '../../test/support/test-keys.ts';

export interface Custodian {
  readonly certificate: string;
  readonly certificatePem: string;
  readonly privateKeyPem: string;
}

export async function makeCustodian(name: string, bits = 2048): Promise<Custodian> {
  const algorithm = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' };
  if (bits === 2048) return certify(name, { algorithm, keys: takeRsaPair() });
  return certify(name, await generate({ ...algorithm, modulusLength: bits, publicExponent: Uint8Array.of(1, 0, 1) }));
}

/** Another certificate over the same kind of key, to be refused. */
export async function makeEcCustodian(name: string): Promise<Custodian> {
  return certify(name, await generate({ name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }));
}

interface Pair {
  readonly algorithm: object;
  readonly keys: webcrypto.CryptoKeyPair;
}

export async function generate(algorithm: { readonly name: string } & Record<string, unknown>): Promise<Pair> {
  const keys = (await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])) as webcrypto.CryptoKeyPair;
  return { algorithm, keys };
}

export async function certify(name: string, { algorithm, keys }: Pair): Promise<Custodian> {
  const certificate = await x509.X509CertificateGenerator.createSelfSigned(
    {
      serialNumber: '01',
      name: [{ CN: [name] }],
      notBefore: new Date('2026-01-01'),
      notAfter: new Date('2036-01-01'),
      signingAlgorithm: algorithm as never,
      keys,
    },
    webcrypto as Crypto,
  );
  return {
    certificate: Buffer.from(certificate.rawData).toString('base64'),
    certificatePem: certificate.toString('pem'),
    privateKeyPem: KeyObject.from(keys.privateKey).export({ format: 'pem', type: 'pkcs8' }).toString(),
  };
}
