// What witnesses have cosigned of a log, as the watcher keeps it: for each witness the newest checkpoint, signed by the log and by it.
// Whoever reads it believes the signatures, and nothing else of it.
import { join } from 'node:path';
import { readIfThere } from '../files/read-if-there.ts';
import { claimsToBeOf, cosignedAt, parseWitnessKey } from '../formats/cosignature.ts';
import { flag, isoTime, mapOf, oneOf, type Reader, record, ShapeError, text } from '../formats/shape.ts';
import { parseCheckpoint } from '../formats/tlog-checkpoint.ts';

const FORMAT = 'strongroom cosigned 1';
const failure = record({
  at: isoTime,
  why: text,
  /** What it has signed before is not in the log: the log shrank or was forked. */
  contradicted: flag,
});
export type WitnessFailure = ReturnType<typeof failure>;
const any: Reader<unknown> = (value) => value;
/** Both by the witness's key. */
const shape = record({ format: oneOf(FORMAT), checkpoints: mapOf(any, 100), failures: mapOf(any, 100) });

export interface Cosigned {
  /** Notes, by the key of the witness that has cosigned each. */
  readonly checkpoints: Readonly<Record<string, string>>;
  /** Of those that did not sign when they were asked last. */
  readonly failures: Readonly<Record<string, WitnessFailure>>;
}

/** @param watch folder of the watcher @param origin of the log: `strongroom/<id>` */
export function cosignedFile(watch: string, origin: string): string {
  return join(watch, 'witnesses', `${origin.slice(origin.indexOf('/') + 1)}.json`);
}

/** None where there is no file, or none that reads: then nothing is known to be cosigned. What does not read of one witness is of no other. */
export function readCosigned(path: string): Cosigned {
  try {
    const found = readIfThere(path);
    if (found === undefined) return NOTHING;
    const { checkpoints, failures } = shape(JSON.parse(found), 'cosigned');
    return { checkpoints: whatReads(checkpoints, text), failures: whatReads(failures, failure) };
  } catch {
    // As if it were not there.
  }
  return NOTHING;
}

const NOTHING: Cosigned = { checkpoints: {}, failures: {} };

function whatReads<T>(found: Readonly<Record<string, unknown>>, read: Reader<T>): Readonly<Record<string, T>> {
  const reads = Object.entries(found).flatMap(([key, value]) => {
    try {
      return [[key, read(value, key)] as const];
    } catch (error) {
      if (!(error instanceof ShapeError)) throw error;
      return [];
    }
  });
  return Object.fromEntries(reads);
}

export function printCosigned(cosigned: Cosigned): string {
  return `${JSON.stringify({ format: FORMAT, ...cosigned }, null, 2)}\n`;
}

/**
 * When, in seconds since 1970, a witness of these keys has cosigned the note, as one of this log; undefined: none has. Witnesses'
 * clocks may be a little ahead; a time that is far ahead is no time. Of each key one signature is looked at: whoever brings more, or a
 * note that is longer than any, only has somebody verify them.
 */
export function cosignedTime(
  note: string,
  { origin, keys, now }: { readonly origin: string; readonly keys: readonly string[]; readonly now: number },
): number | undefined {
  try {
    if (note.length > MOST_NOTE) return undefined;
    const { note: parsed, checkpoint } = parseCheckpoint(note);
    if (checkpoint.origin !== origin) return undefined;
    const times = keys
      .map(parseWitnessKey)
      .filter((key) => parsed.signatures.filter((each) => claimsToBeOf(each, key)).length === 1)
      .map((key) => cosignedAt(parsed, key))
      .filter((time) => time !== undefined && time <= now + CLOCKS_DIFFER_S);
    return times.length === 0 ? undefined : Math.min(now, Math.max(...(times as number[])));
  } catch {
    return undefined;
  }
}

const CLOCKS_DIFFER_S = 300;
/** In characters; what the watcher keeps has one line of the log's and one of the witness's. */
const MOST_NOTE = 8 * 1024;
