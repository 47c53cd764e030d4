// What the register knows of the newest security-domain file: a sealed record that names the file by its hash and holds what a custodian's proof is checked with; the file itself is not kept.
import { createHash } from 'node:crypto';
import { integer, list, matching, oneOf, text } from '../../formats/shape.ts';
import { recordKind, type ValueOf } from '../../store/sealed/record-kind.ts';

export type Split = ValueOf<typeof splitKind>;
const hash = matching(/^[\w-]{43}$/, 'a SHA-256 in base64url');

export const splitKind = recordKind({
  of: 'custodians-domain',
  about: 'The newest security-domain file: its hash, and what proofs of its shares are checked with',
  travels: 'stays',
  members: {
    at: text,
    /** What brought the file into the HSM's knowledge. */
    by: oneOf('download', 'recovery', 'resharing'),
    required: integer(2, 10),
    /** x5t#S256, in order of the shares. */
    thumbprints: list(hash, 10),
  },
  optional: {
    /** Of the file's text; absent: the HSM has not seen the file as it is kept. */
    domain: hash,
    /** Of each share's proof, in order of the shares. */
    proofHashes: list(hash, 10),
  },
});

/** As packets name a file. */
export function digestOf(document: string): string {
  return createHash('sha256').update(document, 'utf8').digest('base64url');
}
