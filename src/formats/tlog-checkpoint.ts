// The body of a log's checkpoint (C2SP tlog-checkpoint): origin, size, root, one per line, then optional extension
// lines. It becomes a checkpoint by being signed as a note whose key name is the origin.
import { HASH_LENGTH } from './merkle.ts';
import { decodeBase64, type Note, NoteError, parseNote } from './signed-note.ts';

export interface Checkpoint {
  readonly origin: string;
  readonly size: number;
  readonly root: Buffer;
  readonly extensions: readonly string[];
}

/** @throws NoteError */
export function parseCheckpointBody(text: string): Checkpoint {
  if (!text.endsWith('\n')) throw new NoteError('the checkpoint does not end with a newline');
  const [origin, size, root, ...extensions] = text.slice(0, -1).split('\n');
  if (origin === undefined || origin === '' || size === undefined || root === undefined) {
    throw new NoteError('a checkpoint has an origin, a size and a root');
  }
  const entries = parseTreeSize(size);
  if (entries === undefined) throw new NoteError('the size of the checkpoint is not a number');
  const hash = decodeBase64(root);
  if (hash?.length !== HASH_LENGTH) throw new NoteError('the root of the checkpoint is not a hash');
  if (extensions.includes('')) throw new NoteError('an extension line of the checkpoint is empty');
  return { origin, size: entries, root: hash, extensions };
}

/** Decimal, without leading zeros. */
export function parseTreeSize(text: string): number | undefined {
  return /^(0|[1-9][0-9]*)$/.test(text) && Number.isSafeInteger(Number(text)) ? Number(text) : undefined;
}

/** Reads a signed checkpoint without judging its signatures. @throws NoteError */
export function parseCheckpoint(note: string): { readonly note: Note; readonly checkpoint: Checkpoint } {
  const parsed = parseNote(note);
  return { note: parsed, checkpoint: parseCheckpointBody(parsed.text) };
}
