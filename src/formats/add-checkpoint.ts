// The body of a witness's `add-checkpoint` (C2SP tlog-witness): the size that the proof begins at, the proof, a checkpoint.
import { MAX_PROOF } from './consistency-proof.ts';
import { HASH_LENGTH } from './merkle.ts';
import { decodeBase64, NoteError } from './signed-note.ts';
import { parseTreeSize } from './tlog-checkpoint.ts';

/** Bytes; a proof, a checkpoint and dozens of signatures have less. */
export const MAX_ADD_CHECKPOINT = 64 * 1024;
/** Content type of an answer that tells the size that was cosigned last. */
export const TLOG_SIZE = 'text/x.tlog.size';

export interface AddCheckpoint {
  readonly older: number;
  readonly proof: readonly Buffer[];
  /** A note. */
  readonly checkpoint: string;
}

export function formatAddCheckpoint({ older, proof, checkpoint }: AddCheckpoint): string {
  return `old ${older}\n${proof.map((each) => `${each.toString('base64')}\n`).join('')}\n${checkpoint}`;
}

/** @throws NoteError */
export function parseAddCheckpoint(body: string): AddCheckpoint {
  const end = body.indexOf('\n\n');
  if (end < 0) throw new NoteError('the body has no empty line before the checkpoint');
  const [first = '', ...lines] = body.slice(0, end).split('\n');
  const older = parseTreeSize(/^old (.*)$/.exec(first)?.[1] ?? '');
  if (older === undefined) throw new NoteError('the first line is not that of an old size');
  if (lines.length > MAX_PROOF) throw new NoteError(`a proof has at most ${MAX_PROOF} lines`);
  const proof = lines.map((line) => {
    const bytes = decodeBase64(line);
    if (bytes?.length !== HASH_LENGTH) throw new NoteError('a line of the proof is not a hash');
    return bytes;
  });
  return { older, proof, checkpoint: body.slice(end + 2) };
}
