// A checkpoint that was kept elsewhere, as people bring it back: through mail, a ticket, a file of another system. What
// parses is taken as it stands; else line ends, empty lines around and a common indent are put right, and nothing more. What is
// verified is the canonical note either way.
import { NoteError, type NoteVerifier, parseNote, verifyNote } from '../../../formats/signed-note.ts';
import { parseCheckpoint } from '../../../formats/tlog-checkpoint.ts';

/** @returns with the text of the canonical note @throws NoteError when it is no checkpoint, however it was copied */
export function readGivenCheckpoint(copied: string) {
  const given = copied.replace(/^\ufeff/, '');
  if (given.trim() === '') throw new NoteError('there is nothing in it');
  try {
    return read(given);
  } catch (error) {
    if (!(error instanceof NoteError)) throw error;
    return read(asWritten(given));
  }
}

function read(text: string) {
  return { text, checkpoint: parseCheckpoint(text).checkpoint };
}

/** A checkpoint has one empty line, before its signatures, and no line that begins or ends with a space. */
function asWritten(copied: string): string {
  const lines = copied.split(/\r\n?|\n/);
  const indents = lines.filter((line) => line.trim() !== '').map((line) => /^[ \t]*/.exec(line)?.[0] ?? '');
  const common = indents.every((each) => each === indents[0]) ? (indents[0] ?? '') : '';
  const bare = lines.map((line) => line.slice(common.length).trimEnd()).join('\n');
  return `${bare.replace(/\n{3,}/g, '\n\n').replace(/^\n+|\n+$/g, '')}\n`;
}

/**
 * Whether the note is the key's: by a signature that is right, or, with `claimed`, by one that is only said to be of it.
 * @throws NoteError when it is no note
 */
export function isOfKey(text: string, verifier: NoteVerifier, how: 'verified' | 'claimed'): boolean {
  const note = parseNote(text);
  if (how === 'verified') return verifyNote(note, verifier);
  const { name, keyHash } = verifier;
  return note.signatures.some((each) => each.name === name && each.keyHash.equals(keyHash));
}
