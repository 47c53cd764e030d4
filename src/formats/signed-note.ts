// Signed notes with Ed25519 (C2SP signed-note): text, an empty line, signature lines. Parsing is strict: what parses
// prints back to the same bytes. Signing itself happens where the key is.
import { createPublicKey, hash, type KeyObject, verify } from 'node:crypto';

const ED25519 = 1;
/** More lines than any honest note has; bounds the work on a hostile one. */
const MAX_SIGNATURES = 100;

export class NoteError extends Error {
  override readonly name = 'NoteError';
}

export interface NoteSignature {
  readonly name: string;
  /** First four bytes of the key's hash. */
  readonly keyHash: Buffer;
  readonly signature: Buffer;
}

export interface Note {
  /** Signed text, ends with a newline. */
  readonly text: string;
  readonly signatures: readonly NoteSignature[];
}

export interface NoteVerifier {
  readonly name: string;
  readonly keyHash: Buffer;
  readonly key: KeyObject;
}

/** SHA-256(name ‖ 0x0A ‖ type ‖ key)[:4]. @param type of the signature; absent: plain Ed25519 */
export function noteKeyHash(name: string, publicKey: Uint8Array, type: number = ED25519): Buffer {
  const typed = Buffer.concat([Buffer.from(`${checkName(name)}\n`), Buffer.from([type]), publicKey]);
  return hash('sha256', typed, 'buffer').subarray(0, 4);
}

/** Prints a verifier key: `name+hash+base64(type ‖ key)`. */
export function formatVkey(name: string, publicKey: Uint8Array, type: number = ED25519): string {
  if (publicKey.length !== 32) throw new NoteError('an Ed25519 key has 32 bytes');
  const key = Buffer.concat([Buffer.from([type]), publicKey]).toString('base64');
  return `${name}+${noteKeyHash(name, publicKey, type).toString('hex')}+${key}`;
}

/** @throws NoteError, too, for a key of another type */
export function parseVkey(vkey: string, type: number = ED25519): NoteVerifier {
  const match = /^([^+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)$/.exec(vkey);
  if (match === null) throw new NoteError('a verifier key reads name+hash+base64');
  const [, name, keyHash, text] = match as unknown as [string, string, string, string];
  const typed = decodeBase64(text);
  if (typed === undefined || typed.length !== 33 || typed[0] !== type) {
    throw new NoteError(`the verifier key is not an Ed25519 key of type ${type}`);
  }
  const raw = typed.subarray(1);
  const expected = noteKeyHash(name, raw, type);
  if (expected.toString('hex') !== keyHash) throw new NoteError('the verifier key does not have the hash it names');
  const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: raw.toString('base64url') }, format: 'jwk' });
  return { name, keyHash: expected, key };
}

/** @throws NoteError when it is not a note; says nothing about the signatures. */
export function parseNote(note: string): Note {
  const split = note.lastIndexOf('\n\n');
  if (split < 0) throw new NoteError('the note has no empty line before its signatures');
  const text = note.slice(0, split + 1);
  checkText(text);
  const tail = note.slice(split + 2);
  if (tail === '' || !tail.endsWith('\n')) throw new NoteError('the note has no complete signature line');
  const lines = tail.slice(0, -1).split('\n');
  if (lines.length > MAX_SIGNATURES) throw new NoteError('the note has too many signatures');
  return { text, signatures: lines.map(parseSignature) };
}

/** True when at least one signature is by the verifier, and none that claims to be is wrong. */
export function verifyNote(note: Note, verifier: NoteVerifier): boolean {
  const text = Buffer.from(note.text);
  const claimed = note.signatures.filter(
    ({ name, keyHash }) => name === verifier.name && keyHash.equals(verifier.keyHash),
  );
  return claimed.length > 0 && claimed.every(({ signature }) => verify(null, text, verifier.key, signature));
}

/** @param line without its line break @throws NoteError */
export function parseSignature(line: string): NoteSignature {
  const match = /^— ([^ ]+) ([A-Za-z0-9+/=]+)$/u.exec(line);
  if (match === null) throw new NoteError('a signature line is malformed');
  const [, name, text] = match as unknown as [string, string, string];
  const bytes = decodeBase64(text);
  if (bytes === undefined || bytes.length < 5) throw new NoteError('a signature is malformed');
  return { name: checkName(name), keyHash: bytes.subarray(0, 4), signature: bytes.subarray(4) };
}

/** Of a key. @throws NoteError */
export function checkName(name: string): string {
  if (name === '' || /[\s+\p{Cc}]/u.test(name) || !name.isWellFormed()) {
    throw new NoteError('a key name holds no space, no plus sign and is not empty');
  }
  return name;
}

function checkText(text: string): void {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the format forbids them
  if (!text.endsWith('\n') || /[\x00-\x09\x0b-\x1f]/.test(text) || !text.isWellFormed()) {
    throw new NoteError('the text of a note ends with a newline and has no control characters');
  }
}

/** Standard base64 with padding, canonical. */
export function decodeBase64(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64');
  return bytes.toString('base64') === text ? bytes : undefined;
}
