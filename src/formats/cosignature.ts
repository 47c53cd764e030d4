// Cosignatures of witnesses (C2SP tlog-cosignature, Ed25519): that, as of a time, a checkpoint is the newest of its log which the
// witness has seen, and goes on from all that it saw before.
import { verify } from 'node:crypto';
import {
  formatVkey,
  type Note,
  NoteError,
  type NoteSignature,
  type NoteVerifier,
  noteKeyHash,
  parseVkey,
} from './signed-note.ts';

const COSIGNATURE = 4;
const TIME_BYTES = 8;
const SIGNATURE_BYTES = 64;

/** Reads `name+hash+base64(0x04 ‖ key)`. @throws NoteError */
export function parseWitnessKey(vkey: string): NoteVerifier {
  return parseVkey(vkey, COSIGNATURE);
}

export function formatWitnessKey(name: string, publicKey: Uint8Array): string {
  return formatVkey(name, publicKey, COSIGNATURE);
}

/** What a witness signs. @param time seconds since 1970 @param text of the checkpoint, with its last newline */
export function cosignedMessage(time: number, text: string): Buffer {
  return Buffer.from(`cosignature/v1\ntime ${time}\n${text}`);
}

/** The line of a note, with its line break. @param signature of the `cosignedMessage` */
export function cosignatureLine(name: string, publicKey: Uint8Array, time: number, signature: Uint8Array): string {
  const seconds = Buffer.alloc(TIME_BYTES);
  seconds.writeBigUInt64BE(BigInt(time));
  const bytes = Buffer.concat([noteKeyHash(name, publicKey, COSIGNATURE), seconds, signature]);
  return `— ${name} ${bytes.toString('base64')}\n`;
}

/** Whether a signature is said to be the witness's; whether it is right is another matter. */
export function claimsToBeOf({ name, keyHash }: NoteSignature, witness: NoteVerifier): boolean {
  return name === witness.name && keyHash.equals(witness.keyHash);
}

/**
 * When the witness cosigned, in seconds since 1970; the latest where it did so more than once. Undefined: it did not.
 * @throws NoteError when a signature that claims to be the witness's is wrong
 */
export function cosignedAt({ text, signatures }: Note, witness: NoteVerifier): number | undefined {
  const times = signatures
    .filter((each) => claimsToBeOf(each, witness))
    .map(({ signature }) => {
      const time = signature.length === TIME_BYTES + SIGNATURE_BYTES ? Number(signature.readBigUInt64BE()) : Number.NaN;
      if (Number.isSafeInteger(time)) {
        if (verify(null, cosignedMessage(time, text), witness.key, signature.subarray(TIME_BYTES))) return time;
      }
      throw new NoteError(`a cosignature that claims to be of ${witness.name} is not`);
    });
  return times.length === 0 ? undefined : Math.max(...times);
}
