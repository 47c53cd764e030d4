// The activation ceremony with generated custodians: three key pairs, any two of which open the security domain. The
// private keys stay on this machine, which is why it is for development only.
import { X509Certificate } from 'node:crypto';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { replaceFile } from '../files/durable-file.ts';
import { makePrivateFolder } from '../files/private-folder.ts';
import { type Asking, downloadDomain, handIn, readRegister } from '../tools/ceremony/hsm.ts';
import { readHolder } from '../tools/custodian/holder.ts';
import { runKeygen } from '../tools/custodian/keygen.ts';
import { domainHash } from '../tools/custodian/own-share.ts';
import { acknowledge } from '../tools/custodian/packets.ts';

const NAMES = ['custodian-1', 'custodian-2', 'custodian-3'];
const REQUIRED = 2;

const README = `# For development only

These are the key pairs of the three custodians of the instance \`dev\` and its security domain. Any two of the keys open
it, and with it every key of the instance. On a real HSM each custodian makes a key pair on a machine of their own, gives
away the certificate only, and nobody ever has two of the keys in one place.

In this folder, with the program of the checkout:

    CHECKOUT/strongroom custodian open dev-security-domain.json --key custodian-1.pem --key custodian-3.pem

Its \`log key\` is what \`./strongroom audit verify --key\` takes.
`;

/** Makes what is missing; key pairs that exist are kept. */
export async function ensureCustodians(
  folder: string,
): Promise<{ readonly made: number; readonly certificates: readonly X509Certificate[] }> {
  let made = 0;
  makePrivateFolder(folder);
  await replaceFile(join(folder, 'README.md'), README);
  for (const name of NAMES) {
    const files = ['.pem', '.cer'].map((extension) => join(folder, name + extension));
    if (files.every((file) => existsSync(file))) continue;
    // One without the other was left by a crash and belongs to no ceremony.
    for (const file of files) rmSync(file, { force: true });
    await runKeygen({ out: folder, name, days: 3650, bits: 2048 });
    made += 1;
  }
  const certificates = NAMES.map((name) => new X509Certificate(readFileSync(join(folder, `${name}.cer`))));
  return { made, certificates };
}

export async function downloadSecurityDomain(
  hsm: Asking,
  custodians: readonly X509Certificate[],
  folder: string,
): Promise<void> {
  await replaceFile(domainFile(folder), await downloadDomain(hsm, custodians, REQUIRED));
}

/**
 * Has every custodian show that their share opens: before, nobody knows whether the instance could be recovered.
 * @returns how many have; those of another file than the one kept here are left to themselves
 */
export async function acknowledgeShares(hsm: Asking, folder: string): Promise<number> {
  const document = readFileSync(domainFile(folder), 'utf8');
  const { domain } = await readRegister(hsm);
  if (domain !== domainHash(document)) return 0;
  for (const name of NAMES) {
    const holder = await readHolder({
      key: join(folder, `${name}.pem`),
      passphraseOf: (key) => Promise.reject(new Error(`${key} was generated without a passphrase, and has one now`)),
    });
    await handIn(hsm, JSON.parse(acknowledge(document, { holder, at: new Date() })));
  }
  return NAMES.length;
}

export function hasSecurityDomain(folder: string): boolean {
  return existsSync(domainFile(folder));
}

function domainFile(folder: string): string {
  return join(folder, 'dev-security-domain.json');
}
