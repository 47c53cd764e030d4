// For tests: notes, checkpoints and bundles as their writers make them.
import { NoteError, type parseNote } from './signed-note.ts';
import { MAX_ENTRY } from './tlog-tiles.ts';

/** The bytes to sign are the UTF-8 of `text`, which must end with a newline. */
export function formatNote(text: string, signatures: ReturnType<typeof parseNote>['signatures']): string {
  const lines = signatures.map(
    ({ name, keyHash, signature }) => `— ${name} ${Buffer.concat([keyHash, signature]).toString('base64')}\n`,
  );
  return `${text}\n${lines.join('')}`;
}

export function checkpointBody(origin: string, size: number, root: Uint8Array): string {
  if (origin === '' || origin.includes('\n')) throw new NoteError('an origin is one line');
  if (!Number.isSafeInteger(size) || size < 0 || root.length !== 32) {
    throw new NoteError('a checkpoint holds a size and a hash of 32 bytes');
  }
  return `${origin}\n${size}\n${Buffer.from(root).toString('base64')}\n`;
}

export function encodeBundle(entries: readonly Uint8Array[]): Buffer {
  const parts: Uint8Array[] = [];
  for (const entry of entries) {
    if (entry.length > MAX_ENTRY) throw new RangeError('an entry has at most 65535 bytes');
    parts.push(Buffer.from([entry.length >> 8, entry.length & 0xff]), entry);
  }
  return Buffer.concat(parts);
}
