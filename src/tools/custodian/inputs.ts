// Files that a custodian is sent, read whole or refused by name.
import { readFile, stat } from 'node:fs/promises';
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
