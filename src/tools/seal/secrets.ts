// What people bring to open a seal, made ready for the module: encrypted to the partition's certificate, or checked as far
// as anybody without the module's key can.
import { createHash, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readPacket } from '../../formats/custodian-packet.ts';
import { encryptToRsa } from '../../formats/jwe-rsa.ts';
import { orThrow, Refusal } from '../../formats/refusal.ts';
import { ShapeError } from '../../formats/shape.ts';

export type UnlockCertificate = ReturnType<typeof readUnlockCertificate>;

/** @param der as the module gave it @returns with its x5t#S256, which requests name */
export function readUnlockCertificate(der: Uint8Array) {
  const thumbprint = createHash('sha256').update(der).digest('base64url');
  return { certificate: new X509Certificate(der), thumbprint };
}

/**
 * Whether what encrypts for a module is that module's: secrets go to a certificate that lies in the module's own folder, where its
 * partitions alone write, and to no other, whoever answered with it.
 * @param told standard base64 DER, as a worker answered @throws Refusal
 */
export function readOwnCertificate(told: unknown, moduleFolder: string): UnlockCertificate {
  const der = Buffer.from(typeof told === 'string' ? told : '', 'base64');
  try {
    const certificate = readUnlockCertificate(der);
    const own = readFileSync(join(moduleFolder, `recipient-${certificate.thumbprint}.cer`));
    if (own.equals(der)) return certificate;
  } catch {
    // No certificate at all, or not there: said below.
  }
  throw new Refusal(
    `who answers is not the module of ${moduleFolder}: its certificate does not lie there, and nothing secret was sent`,
  );
}

/** A JWE that nobody but the partition opens. */
export function encryptPassphrase({ certificate }: UnlockCertificate, passphrase: Buffer): string {
  return encryptToRsa(certificate.publicKey, 'passphrase', passphrase);
}

/**
 * @returns as the module takes them, and the thumbprint of the unlock certificate that they are made for
 * @throws ShapeError naming the file
 */
export function readPackets(files: readonly { readonly name: string; readonly content: string }[]) {
  let recipient = '';
  const packets = files.map(({ name, content }) => {
    const { statement } = orThrow(
      () => readPacket(content),
      (cause) => new ShapeError(`${name}: ${cause.message}`, { cause }),
      ShapeError,
    );
    if (statement.purpose !== 'unlock') {
      throw new ShapeError(`${name}: was made to ${statement.purpose}, not to unlock`);
    }
    if (recipient !== '' && statement.recipient !== recipient) {
      throw new ShapeError(`${name}: is for another unlock certificate than the packets before it`);
    }
    recipient = statement.recipient;
    return JSON.parse(content) as unknown;
  });
  return { packets, recipient };
}
