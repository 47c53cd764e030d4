// A challenge file: what a custodian is sent to show that they still hold their key, as the service answers it. Answering
// signs the challenge, in a packet; nothing is opened.
import { base64urlOf, oneLine, record } from './shape.ts';

const line = oneLine(200);
const shape = record(
  {
    /** 32 fresh random bytes. */
    challenge: base64urlOf(32),
    /** SHA-256 of the domain file's text. */
    domain: base64urlOf(32),
  },
  // For people: which instance asks, when it began to, and until when it waits for an answer.
  { instance: line, madeAt: line, expires: line },
);
export type CustodianChallenge = ReturnType<typeof shape>;

/** @throws ShapeError naming the member */
export function readChallenge(value: unknown): CustodianChallenge {
  return shape(value, 'challenge file');
}
