// What people bring to open a seal: a passphrase, from a file or from the terminal, whose bytes are overwritten after use; or packets
// of custodians, for whom the module's certificate and the seal's share list are written.
import { writeFileSync } from 'node:fs';
import { groupFingerprint } from '../formats/fingerprint.ts';
import { firstLine } from '../formats/first-line.ts';
import { certificatePem } from '../formats/x509-writer.ts';
import { encryptPassphrase, readPackets, type UnlockCertificate } from '../tools/seal/secrets.ts';
import { CommandError, type Terminal } from './command.ts';
import { explained } from './explained.ts';
import { canType, readHidden, readHiddenTwice } from './read-hidden.ts';
import { readInput } from './read-input.ts';
import { readSecret } from './read-secret.ts';

interface Asked {
  readonly file: string | undefined;
  /** As it is asked for. */
  readonly what: string;
  /** Said of a wrong one: that nothing was changed. */
  readonly state: string;
}

/** @param unlock takes it, encrypted to its module @throws CommandError */
export async function openByPassphrase(
  recipient: UnlockCertificate,
  { file, what, state }: Asked,
  terminal: Terminal,
  unlock: (secret: string) => Promise<unknown>,
): Promise<void> {
  const passphrase = await readSealPassphrase(file, what, 'passphrase-file', terminal);
  const secret = encryptPassphrase(recipient, passphrase);
  passphrase.fill(0);
  await unlock(secret).catch((error: unknown) => {
    throw explainPassphrase(error, state);
  });
}

/** Typed twice at a terminal. @throws CommandError */
export async function readNewPassphrase(file: string | undefined, option: string, terminal: Terminal): Promise<Buffer> {
  if (file !== undefined || !canType()) return readSealPassphrase(file, 'new passphrase', option, terminal);
  return readHiddenTwice('the two are not the same: nothing was changed', terminal);
}

async function readSealPassphrase(
  file: string | undefined,
  what: string,
  option: string,
  terminal: Terminal,
): Promise<Buffer> {
  if (file === undefined) {
    if (canType()) return readHidden(what, terminal);
    throw new CommandError(`not at a terminal: give the ${what} with --${option}`);
  }
  const content = readSecret(file);
  const line = Buffer.from(firstLine(content));
  content.fill(0);
  if (line.length === 0) throw new CommandError(`${file} holds no passphrase on its first line`);
  return line;
}

/**
 * The module says of every secret alike that it does not open the seal. Who typed a passphrase is told what that means.
 * @returns what is to be thrown: the error itself where it is another
 */
export function explainPassphrase(error: unknown, state: string): unknown {
  const isWrong =
    error instanceof Error && error.name === 'CryptoError' && /does not open the seal/.test(error.message);
  if (!isWrong) return error;
  return new CommandError(
    `${state}: wrong passphrase. Try it again; where nobody knows it any more, the keys come back by custodians and a backup ` +
      'alone: docs/guide/recovery.md, list A',
    { cause: error },
  );
}

export function packetsIn(paths: readonly string[]): ReturnType<typeof readPackets> {
  const files = paths.map((name) => ({ name, content: readInput(name).toString('utf8') }));
  return explained(() => readPackets(files), { ShapeError: '' });
}

/** @param to the files that are wanted @returns the certificate's fingerprint, and what is said of it @throws CommandError */
export function writeForCustodians(
  { certificate }: UnlockCertificate,
  shares: string,
  to: { readonly certificate: string | undefined; readonly shares: string | undefined },
): { readonly fingerprint: string; readonly text: string } {
  if (to.certificate !== undefined) write(to.certificate, certificatePem(certificate.raw));
  // To the byte: packets name its hash.
  if (to.shares !== undefined) write(to.shares, shares);
  const fingerprint = certificate.fingerprint256.replaceAll(':', '').toLowerCase();
  const text = `Read to each custodian the certificate's fingerprint:\n  ${groupFingerprint(fingerprint)}\n`;
  return { fingerprint, text };
}

function write(path: string, content: string): void {
  try {
    writeFileSync(path, content);
  } catch (cause) {
    throw new CommandError(`${path} cannot be written`, { cause });
  }
}
