// A challenge file: what a custodian is sent to show that they still hold their key, as the service answers it. Answering
// signs the challenge, in a packet; nothing is opened.

import { fromBase64url } from './base64url.ts';
import { isOneLine } from './printable.ts';
import { type Reader, record, ShapeError, text } from './shape.ts';

const hash: Reader<string> = (value, path) => {
  let length = 0;
  try {
    ({ length } = fromBase64url(text(value, path)));
  } catch {
    // Not base64url: not 32 bytes of it.
  }
  if (length !== 32) throw new ShapeError(`${path} must be 32 bytes as base64url`);
  return value as string;
};

const line: Reader<string> = (value, path) => {
  if (text(value, path).length > 200 || !isOneLine(value as string)) {
    throw new ShapeError(`${path} must be at most 200 characters on one line`);
  }
  return value as string;
};

const shape = record(
  {
    /** 32 fresh random bytes. */
    challenge: hash,
    /** SHA-256 of the domain file's text. */
    domain: hash,
  },
  // For people: which instance asks, when it began to, and until when it waits for an answer.
  { instance: line, madeAt: line, expires: line },
);
export type CustodianChallenge = ReturnType<typeof shape>;

/** @throws ShapeError naming the member */
export function readChallenge(value: unknown): CustodianChallenge {
  return shape(value, 'challenge file');
}
