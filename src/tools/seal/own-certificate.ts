// Whether what encrypts for a module is that module's: secrets go to a certificate that lies in the module's own folder, where
// its partitions alone write, and to no other, whoever answered with it.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Refusal } from '../../formats/refusal.ts';
import { readUnlockCertificate, type UnlockCertificate } from './secrets.ts';

/** @param told standard base64 DER, as a worker answered @throws Refusal */
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
