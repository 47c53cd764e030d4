// Writes one blob that is not there yet. It appears whole or not at all: content longer than a block is staged in blocks
// that nobody sees until the last request names them. Nothing that exists is ever written over.
import { randomBytes } from 'node:crypto';
import { type BlockBlobClient, RestError } from '@azure/storage-blob';
import { codeOf } from './explain.ts';

export const BLOCK_BYTES = 8 * 1024 * 1024;
/** So that a repeated request can tell its own first attempt, whose answer was lost, from somebody else's blob. */
const WRITER = 'strongroomwrite';
const IF_ABSENT = { ifNoneMatch: '*' } as const;

export async function writeBlob(blob: BlockBlobClient, content: Uint8Array | AsyncIterable<Uint8Array>): Promise<void> {
  const writer = randomBytes(16).toString('hex');
  const options = { conditions: IF_ABSENT, metadata: { [WRITER]: writer } };
  const staged: string[] = [];
  let last: Uint8Array | undefined;
  for await (const block of blocksOf(content)) {
    if (last !== undefined) await stage(blob, last, staged, writer);
    last = block;
  }
  const rest = last ?? new Uint8Array(0);
  try {
    if (staged.length === 0) {
      await blob.upload(rest, rest.length, options);
    } else {
      await stage(blob, rest, staged, writer);
      await blob.commitBlockList(staged, options);
    }
  } catch (error) {
    if (!isTaken(error)) throw error;
    if (await isWrittenBy(blob, writer)) return;
    // Services name the failed condition or their policy, whichever they look at first; both say that the name is taken.
    throw new RestError('the name is taken', { statusCode: 409, code: 'BlobAlreadyExists' });
  }
}

async function stage(blob: BlockBlobClient, block: Uint8Array, staged: string[], writer: string): Promise<void> {
  const id = Buffer.from(`${writer}-${String(staged.length).padStart(6, '0')}`).toString('base64');
  await blob.stageBlock(id, block, block.length);
  staged.push(id);
}

/** Pieces of any size become blocks of one size; the last is shorter. A whole content is taken as it is, in slices. */
async function* blocksOf(content: Uint8Array | AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  if (content instanceof Uint8Array) {
    for (let at = 0; at < content.length; at += BLOCK_BYTES) yield content.subarray(at, at + BLOCK_BYTES);
    return;
  }
  let gathered: Uint8Array[] = [];
  let length = 0;
  for await (let piece of content) {
    while (length + piece.length >= BLOCK_BYTES) {
      const taken = BLOCK_BYTES - length;
      yield Buffer.concat([...gathered, piece.subarray(0, taken)]);
      piece = piece.subarray(taken);
      gathered = [];
      length = 0;
    }
    if (piece.length === 0) continue;
    // A copy: the producer may use its buffer again.
    gathered.push(Uint8Array.from(piece));
    length += piece.length;
  }
  if (length > 0) yield Buffer.concat(gathered);
}

const TAKEN = new Set(['BlobAlreadyExists', 'BlobImmutableDueToPolicy', 'ConditionNotMet']);

function isTaken(error: unknown): boolean {
  return error instanceof RestError && TAKEN.has(codeOf(error));
}

async function isWrittenBy(blob: BlockBlobClient, writer: string): Promise<boolean> {
  try {
    return (await blob.getProperties()).metadata?.[WRITER] === writer;
  } catch {
    return false; // a token that may not read: then the refusal of the write itself is reported
  }
}
