// Brings one checkpoint to one witness (C2SP tlog-witness), with the proof that it goes on from what that witness has signed last, and
// takes its cosignature if it is right. The witness may lie, and is believed nothing that its key has not signed.
import { formatAddCheckpoint, TLOG_SIZE } from '../../formats/add-checkpoint.ts';
import { consistencyProof } from '../../formats/consistency-proof.ts';
import { claimsToBeOf, cosignedAt } from '../../formats/cosignature.ts';
import { type Note, NoteError, type NoteVerifier, parseSignature } from '../../formats/signed-note.ts';
import { type Checkpoint, parseTreeSize } from '../../formats/tlog-checkpoint.ts';
import { call, type OutboundCall } from '../../http/outbound.ts';
import { rangeRoots } from './tile-ranges.ts';

export interface Submission {
  /** The log's folder, whose tiles the proof is made of. */
  readonly folder: string;
  readonly note: Note;
  readonly checkpoint: Checkpoint;
  /** As it stands in the file. */
  readonly text: string;
}

export interface WitnessTarget {
  readonly url: URL;
  readonly verifier: NoteVerifier;
  readonly ca?: string | undefined;
}

export type Submitted =
  /** `note` is the checkpoint with the log's signatures and the witness's. */
  | { readonly outcome: 'cosigned'; readonly note: string; readonly time: number }
  /** The proof is right, by the tiles: it has signed a larger tree than the log has, or another one of its size: the log shrank, was forked, or is an older copy. */
  | { readonly outcome: 'contradicted'; readonly why: string; readonly cosigned: number }
  | { readonly outcome: 'refused'; readonly why: string };

const WITHIN_MS = 30_000;
const MOST_ANSWER = 64 * 1024;
/** Another process may bring checkpoints of this log, too: then the size moves while we ask. */
const ATTEMPTS = 3;

/** @param known the size that this witness has signed last, as far as we know @throws TileMissing, and what a call does */
export async function submitCheckpoint(
  submission: Submission,
  target: WitnessTarget,
  known: number,
  options: Pick<OutboundCall, 'stopping'> = {},
): Promise<Submitted> {
  const { checkpoint, text, note } = submission;
  const rangeRoot = rangeRoots(submission.folder, checkpoint.size);
  if (!rangeRoot(0, checkpoint.size).equals(checkpoint.root)) {
    return { outcome: 'refused', why: 'not brought to it: the tiles of the log are not those of its checkpoint' };
  }
  let older = Math.min(known, checkpoint.size);
  for (let attempt = 1; ; attempt++) {
    const proof = consistencyProof(older, checkpoint.size, rangeRoot);
    const { status, headers, body } = await call(
      {
        url: new URL(`${target.url.pathname.replace(/\/$/, '')}/add-checkpoint`, target.url),
        method: 'POST',
        headers: { 'content-type': 'text/plain; charset=utf-8' },
        body: formatAddCheckpoint({ older, proof, checkpoint: text }),
        withinMs: WITHIN_MS,
        ca: target.ca,
        ...options,
      },
      MOST_ANSWER,
    );
    if (status === 200) return cosignatureIn(body.toString('utf8'), note, text, target.verifier);
    if (status === 422) {
      const why = `it finds no proof that the log goes on from the ${older} entries that it has cosigned: the log was forked`;
      return { outcome: 'contradicted', why, cosigned: older };
    }
    if (status !== 409) return { outcome: 'refused', why: REFUSALS[status] ?? `it answered ${status}` };
    const told =
      headers['content-type'] === TLOG_SIZE ? parseTreeSize(body.toString('utf8').replace(/\n$/, '')) : older;
    if (told === undefined) return { outcome: 'refused', why: 'it answered 409 without a size' };
    if (told > checkpoint.size) {
      const why = `it has cosigned ${told} entries, and the log has ${checkpoint.size}: the log shrank, or is an older copy`;
      return { outcome: 'contradicted', why, cosigned: told };
    }
    if (told === older && told === checkpoint.size) {
      return {
        outcome: 'contradicted',
        why: `it has cosigned ${told} other entries: the log was forked`,
        cosigned: told,
      };
    }
    if (told === older || attempt === ATTEMPTS)
      return { outcome: 'refused', why: 'it answered 409 with the size that it was given' };
    older = told;
  }
}

const REFUSALS: Readonly<Record<number, string>> = {
  400: 'it does not read what it was given (400)',
  403: 'it accepts the log with another key (403)',
  404: 'it does not accept this log: add it there (404)',
  429: 'it is asked too often (429)',
};

/** Lines by keys that are not the witness's are passed over, and more than one of it: a note is kept with one line of each. */
function cosignatureIn(answer: string, note: Note, text: string, witness: NoteVerifier): Submitted {
  const line = answer.split('\n').find((each) => {
    try {
      return claimsToBeOf(parseSignature(each), witness);
    } catch {
      return false;
    }
  });
  try {
    const signatures = line === undefined ? [] : [parseSignature(line)];
    const time = cosignedAt({ text: note.text, signatures }, witness);
    if (time !== undefined) return { outcome: 'cosigned', note: `${text}${line}\n`, time };
    return { outcome: 'refused', why: 'its answer has no cosignature of the key that is configured' };
  } catch (error) {
    if (!(error instanceof NoteError)) throw error;
    return { outcome: 'refused', why: 'its cosignature does not verify with the key that is configured' };
  }
}
