// Custodians with keys of their own, who read a domain file and sign packets as the offline tool does.
import 'reflect-metadata';
import { createHash, createPrivateKey, KeyObject, X509Certificate } from 'node:crypto';
import { X509CertificateGenerator } from '@peculiar/x509';
import { toBase64url } from '../../src/formats/base64url.ts';
import { makePacket } from '../../src/formats/custodian-packet.ts';
import type { PacketContent } from '../../src/formats/custodian-statement.ts';
import { decryptWithRsa } from '../../src/formats/jwe-rsa.ts';
import { parseSecurityDomain } from '../../src/formats/security-domain.ts';
import { proofOfShare } from '../../src/formats/share-proof.ts';
import { takeRsaPair } from './test-keys.ts';

export interface TestCustodian {
  readonly name: string;
  /** Standard base64 DER. */
  readonly certificate: string;
  /** As PEM files of the custodian tool. */
  readonly certificatePem: string;
  readonly privateKeyPem: string;
  /** x5t#S256. */
  readonly thumbprint: string;
  /** SHA-256, hex. */
  readonly fingerprint: string;
  /** Signs what they say, now or at a time; the packet's text. */
  says(content: PacketContent, at?: Date): string;
  /** Opens their share of the file. */
  openShare(document: string): Buffer;
  /** Opens their share and says so. */
  acknowledges(document: string, at?: Date): string;
}

const ALGORITHM = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' };

export function makeCustodians(...names: readonly string[]): Promise<TestCustodian[]> {
  return Promise.all(names.map(makeCustodian));
}

/** As packets name a domain file. */
export function digestOf(document: string): string {
  return createHash('sha256').update(document, 'utf8').digest('base64url');
}

async function makeCustodian(name: string): Promise<TestCustodian> {
  const keys = takeRsaPair();
  const x509 = await X509CertificateGenerator.createSelfSigned({
    name: `CN=${name}`,
    keys,
    signingAlgorithm: ALGORITHM,
  });
  const key = KeyObject.from(keys.privateKey).export({ format: 'pem', type: 'pkcs8' }).toString();
  return custodianWith(name, `${x509.toString('pem')}\n`, key);
}

/** Whose files these are. */
export function custodianWith(name: string, certificatePem: string, privateKeyPem: string): TestCustodian {
  const der = new X509Certificate(certificatePem).raw;
  const key = createPrivateKey(privateKeyPem);
  const thumbprint = createHash('sha256').update(der).digest('base64url');
  const custodian: TestCustodian = {
    name,
    certificate: der.toString('base64'),
    certificatePem,
    privateKeyPem,
    thumbprint,
    fingerprint: createHash('sha256').update(der).digest('hex'),
    says: (content, at = new Date()) => makePacket(content, der, key, at),
    openShare(document) {
      const share = parseSecurityDomain(document).SharedKeys.enc_shares.find(({ x5t_256 }) => x5t_256 === thumbprint);
      if (share === undefined) throw new Error(`${name} has no share`);
      return decryptWithRsa(key, share.enc_key);
    },
    acknowledges(document, at) {
      const proof = toBase64url(proofOfShare(custodian.openShare(document)));
      return custodian.says({ purpose: 'acknowledge', domain: digestOf(document), proof }, at);
    },
  };
  return custodian;
}
