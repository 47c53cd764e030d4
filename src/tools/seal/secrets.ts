// What people bring to open a seal, made ready for the module: encrypted to the partition's certificate, or checked as far
// as anybody without the module's key can.
import { createHash, X509Certificate } from 'node:crypto';
import { PacketError, readPacket } from '../../formats/custodian-packet.ts';
import { encryptToRsa } from '../../formats/jwe-rsa.ts';

export interface UnlockCertificate {
  readonly certificate: X509Certificate;
  /** x5t#S256, which requests name. */
  readonly thumbprint: string;
}

/** @param der as the module gave it */
export function readUnlockCertificate(der: Uint8Array): UnlockCertificate {
  const thumbprint = createHash('sha256').update(der).digest('base64url');
  return { certificate: new X509Certificate(der), thumbprint };
}

/** A JWE that nobody but the partition opens. */
export function encryptPassphrase({ certificate }: UnlockCertificate, passphrase: Buffer): string {
  return encryptToRsa(certificate.publicKey, 'passphrase', passphrase);
}

export interface PacketFile {
  readonly name: string;
  readonly content: string;
}

export interface Packets {
  /** As the module takes them. */
  readonly packets: readonly unknown[];
  /** Thumbprint of the unlock certificate that they are made for. */
  readonly recipient: string;
}

/** @throws PacketError naming the file */
export function readPackets(files: readonly PacketFile[]): Packets {
  let recipient = '';
  const packets = files.map(({ name, content }) => {
    try {
      const { statement } = readPacket(content);
      if (statement.purpose !== 'unlock') throw new PacketError(`was made to ${statement.purpose}, not to unlock`);
      if (recipient !== '' && statement.recipient !== recipient) {
        throw new PacketError('is for another unlock certificate than the packets before it');
      }
      recipient = statement.recipient;
    } catch (cause) {
      if (cause instanceof PacketError) throw new PacketError(`${name}: ${cause.message}`, { cause });
      throw cause;
    }
    return JSON.parse(content) as unknown;
  });
  return { packets, recipient };
}
