// The record of a rehearsal: what was tried, who took part, what each step took and what was at fault. The security domain
// states it (`statement.ts`, kind `rehearsal`); with both, anyone who knows the domain's key can check it offline.
import { integer, isoTime, list, matching, oneLine, oneOf, record, ShapeError, sha256 } from './shape.ts';

export const REHEARSAL_FORMAT = 'strongroom rehearsal 1';
export const REHEARSAL_DEPTHS = ['reachability', 'full'] as const;
export type RehearsalDepth = (typeof REHEARSAL_DEPTHS)[number];

const count = integer(0, 2 ** 31);
const milliseconds = integer(0, 2 ** 40);
const line = oneLine(1000);

const custodian = record(
  {
    /** x5t#S256 of their certificate. */
    custodian: sha256,
    outcome: oneOf('answered', 'missing', 'shared', 'failed'),
  },
  { name: line, at: isoTime },
);
export type RehearsedCustodian = ReturnType<typeof custodian>;
const step = record({ name: line, milliseconds, outcome: oneOf('done', 'failed') }, { detail: line });
export type RehearsalStep = ReturnType<typeof step>;
/** `name`: which custodian, file or step. */
const problem = record({ kind: oneOf('custodian', 'share', 'file', 'step'), name: line, problem: line, next: line });
export type RehearsalProblem = ReturnType<typeof problem>;
/** `manifest`: SHA-256 of it, base64url. */
const backup = record({ folder: line, manifest: sha256, keys: count, versions: count });
export type RehearsalBackup = ReturnType<typeof backup>;

const shape = record(
  {
    format: oneOf(REHEARSAL_FORMAT),
    depth: oneOf(...REHEARSAL_DEPTHS),
    verdict: oneOf('passed', 'failed'),
    startedAt: isoTime,
    finishedAt: isoTime,
    /** The instance that would have to be recovered. */
    instance: line,
    domainFingerprint: matching(/^[0-9a-f]{64}$/, '64 hex digits'),
    /** SHA-256 of the security-domain file, base64url. */
    domain: sha256,
    required: integer(2, 10),
    custodians: list(custodian, 10),
    steps: list(step, 50),
    problems: list(problem, 50),
  },
  {
    /** reachability: the bytes that were signed. */
    challenge: sha256,
    /** full: from an empty machine to the first key used, in milliseconds; waiting for people aside. */
    recoveryMilliseconds: milliseconds,
    backup,
    /** `file`: SHA-256 of the file with the known ciphertexts, base64url. */
    sample: record({ file: sha256, keys: count, unwrapped: count }),
  },
);
export type Rehearsal = ReturnType<typeof shape>;

/** Far beyond ten custodians and twenty steps. */
export const MAX_REHEARSAL = 64 * 1024;

/** The text that is stated and kept. */
export function writeRehearsal(rehearsal: Rehearsal): string {
  const written = `${JSON.stringify(rehearsal, null, 2)}\n`;
  // What the reader refuses is not written.
  readRehearsal(written);
  return written;
}

/** Strict, and consistent in itself. @throws ShapeError naming the member */
export function readRehearsal(written: string): Rehearsal {
  if (Buffer.byteLength(written, 'utf8') > MAX_REHEARSAL) throw new ShapeError('the record is longer than 64 KiB');
  let value: unknown;
  try {
    value = JSON.parse(written);
  } catch (cause) {
    throw new ShapeError('the record is not JSON: incomplete, or another file', { cause });
  }
  const read = shape(value, 'record');
  checkConsistent(read);
  return read;
}

/** A record that says that it passed must not tell of anything that did not. */
function checkConsistent(rehearsal: Rehearsal): void {
  const { verdict, depth, problems, steps, custodians, required, sample, backup, challenge } = rehearsal;
  const isFull = depth === 'full';
  if (Date.parse(rehearsal.finishedAt) < Date.parse(rehearsal.startedAt)) {
    throw new ShapeError('record.finishedAt is before startedAt');
  }
  if (isFull === (challenge !== undefined)) throw new ShapeError('record.challenge belongs to reachability');
  if (new Set(custodians.map(({ custodian }) => custodian)).size !== custodians.length) {
    throw new ShapeError('record.custodians names one twice');
  }
  if (verdict === 'failed') {
    if (problems.length === 0) throw new ShapeError('record.problems does not say what failed');
    return;
  }
  const wanted = isFull ? 'shared' : 'answered';
  const took = custodians.filter(({ outcome }) => outcome === wanted).length;
  const enough = isFull ? took >= required : took === custodians.length && took >= required;
  const used = sample !== undefined && backup !== undefined && sample.keys > 0 && sample.unwrapped === sample.keys;
  if (problems.length > 0 || steps.some(({ outcome }) => outcome === 'failed') || !enough || (isFull && !used)) {
    throw new ShapeError('record.verdict says passed, and the rest of the record says otherwise');
  }
}
