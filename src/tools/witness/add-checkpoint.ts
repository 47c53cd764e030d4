// What a witness does with a checkpoint that is brought to it (C2SP tlog-witness): cosigns it, or says why not. From the reading of
// what was cosigned last to the writing of what is cosigned now nothing else runs, so that no two histories come out of it.
import { parseAddCheckpoint, TLOG_SIZE } from '../../formats/add-checkpoint.ts';
import { isConsistent } from '../../formats/consistency-proof.ts';
import { NoteError, verifyNote } from '../../formats/signed-note.ts';
import { parseCheckpoint } from '../../formats/tlog-checkpoint.ts';
import type { AcceptedLogs } from './accepted-logs.ts';
import type { WitnessIdentity } from './identity.ts';

export interface WitnessAnswer {
  readonly status: 200 | 400 | 403 | 404 | 409 | 422;
  readonly contentType: string;
  readonly text: string;
  /** What became of it, for the witness's operator; none of it needs looking at where it is absent. */
  readonly noted?: string;
}

const PLAIN = 'text/plain; charset=utf-8';

/** @throws WitnessRefusal when what was cosigned before is not known, and what the disk says: then nothing is cosigned */
export function addCheckpoint(
  body: string,
  logs: AcceptedLogs,
  identity: WitnessIdentity,
  now: () => number = Date.now,
): WitnessAnswer {
  let asked: ReturnType<typeof read>;
  try {
    asked = read(body);
  } catch (error) {
    if (!(error instanceof NoteError)) throw error;
    return { status: 400, contentType: PLAIN, text: `${error.message}\n` };
  }
  const { older, proof, note, checkpoint, text } = asked;
  const refused = (status: WitnessAnswer['status'], why: string, noted = false): WitnessAnswer => ({
    status,
    contentType: PLAIN,
    text: `${why}\n`,
    ...(noted ? { noted: `${checkpoint.origin}, ${checkpoint.size} entries: ${why}` } : {}),
  });
  const log = logs.get(checkpoint.origin);
  if (log === undefined) return refused(404, 'this log is not accepted here');
  if (!verifyNote(note, log.verifier)) return refused(403, 'it is not signed by the key of this log');
  if (older > checkpoint.size) return refused(400, 'the old size is larger than that of the checkpoint');
  if (older !== log.size) return { status: 409, contentType: TLOG_SIZE, text: `${log.size}\n` };
  const newer = { size: checkpoint.size, root: checkpoint.root };
  if (older === checkpoint.size && !log.root.equals(checkpoint.root)) {
    logs.keepFork(log, text);
    return refused(409, 'another tree of this size was cosigned: the log was FORKED', true);
  }
  if (!isConsistent(log, newer, proof)) {
    return refused(422, 'the proof does not show that the log goes on from what was cosigned', true);
  }
  const line = identity.cosign(note.text, Math.floor(now() / 1000));
  const own = note.signatures.filter(
    ({ name, keyHash }) => name === log.verifier.name && keyHash.equals(log.verifier.keyHash),
  );
  const signed = own.map(
    ({ name, keyHash, signature }) => `— ${name} ${Buffer.concat([keyHash, signature]).toString('base64')}\n`,
  );
  logs.keep(log, `${note.text}\n${signed.join('')}${line}`);
  return { status: 200, contentType: PLAIN, text: line };
}

function read(body: string) {
  const { older, proof, checkpoint: text } = parseAddCheckpoint(body);
  return { older, proof, text, ...parseCheckpoint(text) };
}
