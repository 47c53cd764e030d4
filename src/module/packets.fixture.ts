// What custodians do at home, for tests: open their share of a domain file and sign packets with it.
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { makePacket } from '../formats/custodian-packet.ts';
import type { PacketContent, Successors } from '../formats/custodian-statement.ts';
import { decryptWithRsa, encryptToRsa } from '../formats/jwe-rsa.ts';
import { hashOfDomain, parseSecurityDomain, SHARE_KID } from '../formats/security-domain.ts';
import type { Custodian } from './custodians.fixture.ts';

export interface PacketOptions {
  /** DER of the transfer certificate. */
  readonly transfer: Uint8Array;
  readonly document: string;
  readonly successors?: Successors;
  /** In place of the custodian's own share. */
  readonly share?: Buffer;
}

export function thumbprintOf({ certificatePem }: Pick<Custodian, 'certificatePem'>): string {
  return hexToBase64url(new X509Certificate(certificatePem).fingerprint256);
}

export function shareOf(document: string, custodian: Custodian): Buffer {
  const own = parseSecurityDomain(document).SharedKeys.enc_shares.find(
    ({ x5t_256 }) => x5t_256 === thumbprintOf(custodian),
  );
  if (own === undefined) throw new Error('no share');
  return decryptWithRsa(createPrivateKey(custodian.privateKeyPem), own.enc_key);
}

export function packetOf(custodian: Custodian, options: PacketOptions): unknown {
  const { transfer, document, successors } = options;
  const certificate = new X509Certificate(transfer);
  const common = {
    domain: hashOfDomain(document),
    recipient: hexToBase64url(certificate.fingerprint256),
    share: encryptToRsa(certificate.publicKey, SHARE_KID, options.share ?? shareOf(document, custodian)),
  };
  const content: PacketContent =
    successors === undefined ? { purpose: 'recover', ...common } : { purpose: 'reshare', ...common, successors };
  return signed(custodian, content);
}

export function signed(custodian: Custodian, content: PacketContent): unknown {
  const der = new X509Certificate(custodian.certificatePem).raw;
  return JSON.parse(makePacket(content, der, createPrivateKey(custodian.privateKeyPem), new Date('2026-01-02')));
}

function hexToBase64url(fingerprint: string): string {
  return Buffer.from(fingerprint.replaceAll(':', ''), 'hex').toString('base64url');
}
