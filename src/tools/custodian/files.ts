// The files of a custodian's tool: those that they are sent, read whole or refused by name, and those that it makes, which are
// durable and never in place of one that is there.
import { readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { byNode, createFileInPlace, type Syncing } from '../../files/durable-file.ts';
import { type CustodianChallenge, readChallenge } from '../../formats/custodian-challenge.ts';
import { ShapeError } from '../../formats/shape.ts';
import { CustodianError } from './refusal.ts';

/** Far more than a security domain with ten custodians. */
const MOST = 1024 * 1024;

/** @throws CustodianError */
export async function readSent(path: string): Promise<Buffer> {
  const { size } = await stat(path);
  if (size > MOST) throw new CustodianError(`${path} is too large: is it another file?`);
  if (size === 0) throw new CustodianError(`${path} is empty: get it again`);
  return readFile(path);
}

/** Text to the byte: what is hashed is what was sent. @throws CustodianError */
export async function readSentText(path: string): Promise<string> {
  const bytes = await readSent(path);
  const text = bytes.toString('utf8');
  if (!Buffer.from(text, 'utf8').equals(bytes)) {
    throw new CustodianError(`${path} is not text in UTF-8: it is another file, or was damaged on its way`);
  }
  return text;
}

/** @throws CustodianError */
export async function readChallengeFile(path: string): Promise<CustodianChallenge> {
  const text = await readSentText(path);
  try {
    return readChallenge(JSON.parse(text));
  } catch (cause) {
    if (!(cause instanceof ShapeError || cause instanceof SyntaxError)) throw cause;
    const why = cause instanceof ShapeError ? `: ${cause.message}` : '';
    throw new CustodianError(`${path} is not a challenge file, or is not complete${why}`, { cause });
  }
}

/**
 * Passphrases come in files, never in arguments or the environment, where other processes could read them.
 * @returns the first line @throws CustodianError when it is empty
 */
export async function readPassphrase(path: string): Promise<string> {
  const [line = ''] = (await readFile(path, 'utf8')).split(/\r?\n/, 1);
  if (line.length === 0) throw new CustodianError(`${path} holds no passphrase: it should be its first line`);
  return line;
}

/** Custodians have systems of all kinds, and not every one can sync a folder. */
const syncing: Syncing = { ...byNode, folder: async () => {} };

/** @throws CustodianError when the file exists */
export async function writeNewFile(path: string, content: string, mode: number): Promise<void> {
  try {
    await createFileInPlace(path, content, mode, syncing);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    throw new CustodianError(`${path} exists already: move it away, or write elsewhere with --out`);
  }
}

export interface KeyFiles {
  /** PKCS#8 PEM, 0600. */
  readonly keyFile: string;
  /** PEM, the same path with `.cer`, where the stock command line looks for it. */
  readonly certificateFile: string;
}

/** @throws CustodianError when one of them exists */
export async function writeKeyFiles(out: string, name: string, key: string, certificate: string): Promise<KeyFiles> {
  const keyFile = join(out, `${name}.pem`);
  const certificateFile = join(out, `${name}.cer`);
  await writeNewFile(certificateFile, certificate, 0o644);
  try {
    await writeNewFile(keyFile, key, 0o600);
  } catch (error) {
    await rm(certificateFile);
    throw error;
  }
  return { keyFile, certificateFile };
}
