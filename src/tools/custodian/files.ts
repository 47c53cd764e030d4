// The files of a custodian's tool: those that they are sent, read whole or refused by name, and those that it makes, which are
// durable and never in place of one that is there.

import type { KeyObject } from 'node:crypto';
import { readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { byNode, createFileInPlace, type Syncing } from '../../files/durable-file.ts';
import { type CustodianChallenge, readChallenge } from '../../formats/custodian-challenge.ts';
import { encryptPkcs8 } from '../../formats/encrypted-pkcs8.ts';
import { orThrow, Refusal } from '../../formats/refusal.ts';
import { ShapeError } from '../../formats/shape.ts';
import { certificatePem } from '../../formats/x509-writer.ts';

/** Far more than a security domain with ten custodians. */
const MOST = 1024 * 1024;

export async function readSent(path: string): Promise<Buffer> {
  const { size } = await stat(path);
  if (size > MOST) throw new Refusal(`${path} is too large: is it another file?`);
  if (size === 0) throw new Refusal(`${path} is empty: get it again`);
  return readFile(path);
}

/** Text to the byte: what is hashed is what was sent. @throws Refusal */
export async function readSentText(path: string): Promise<string> {
  const bytes = await readSent(path);
  const text = bytes.toString('utf8');
  if (!Buffer.from(text, 'utf8').equals(bytes)) {
    throw new Refusal(`${path} is not text in UTF-8: it is another file, or was damaged on its way`);
  }
  return text;
}

export async function readChallengeFile(path: string): Promise<CustodianChallenge> {
  const text = await readSentText(path);
  return orThrow(
    () => readChallenge(JSON.parse(text)),
    (cause) => {
      const why = cause instanceof ShapeError ? `: ${cause.message}` : '';
      return new Refusal(`${path} is not a challenge file, or is not complete${why}`, { cause });
    },
    ...[ShapeError, SyntaxError],
  );
}

/**
 * Passphrases come in files, never in arguments or the environment, where other processes could read them.
 * @returns the first line @throws Refusal when it is empty
 */
export async function readPassphrase(path: string): Promise<string> {
  const [line = ''] = (await readFile(path, 'utf8')).split(/\r?\n/, 1);
  if (line.length === 0) throw new Refusal(`${path} holds no passphrase: it should be its first line`);
  return line;
}

/** Custodians have systems of all kinds, and not every one can sync a folder. */
const syncing: Syncing = { ...byNode, folder: async () => {} };

/** @throws Refusal when the file exists */
export async function writeNewFile(path: string, content: string, mode: number): Promise<void> {
  try {
    await createFileInPlace(path, content, mode, syncing);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    throw new Refusal(`${path} exists already: move it away, or write elsewhere with --out`);
  }
}

interface KeyPair {
  readonly privateKey: KeyObject;
  /** DER. */
  readonly certificate: Buffer;
}

/**
 * The private key is PKCS#8 PEM, 0600; the certificate PEM, the same path with `.cer`, where the stock command line looks for it.
 * @param passphrase encrypts the private key @throws Refusal when one of the files exists
 */
export async function writeKeyFiles(
  out: string,
  name: string,
  { privateKey, certificate }: KeyPair,
  passphrase: string | undefined,
) {
  const keyFile = join(out, `${name}.pem`);
  const certificateFile = join(out, `${name}.cer`);
  await writeNewFile(certificateFile, certificatePem(certificate), 0o644);
  try {
    await writeNewFile(keyFile, pemOf(privateKey, passphrase), 0o600);
  } catch (error) {
    await rm(certificateFile);
    throw error;
  }
  return { keyFile, certificateFile };
}

function pemOf(privateKey: KeyObject, passphrase: string | undefined): string {
  if (passphrase === undefined) return privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
  const pkcs8 = privateKey.export({ format: 'der', type: 'pkcs8' });
  try {
    return encryptPkcs8(pkcs8, passphrase);
  } finally {
    pkcs8.fill(0);
  }
}
