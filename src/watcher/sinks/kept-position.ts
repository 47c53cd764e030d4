// How far a log has been sent to a sink, in a file that is replaced whole. It moves behind what the receiver has taken, so that a
// crash at any moment has entries sent again and none left out. For that its name need not be durable: an older one does as well.
import { createHash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { replaceFile } from '../../files/durable-file.ts';
import { readIfThere } from '../../files/read-if-there.ts';
import { integer, isoTime, list, oneOf, record, sha256, text } from '../../formats/shape.ts';

const count = integer(0, Number.MAX_SAFE_INTEGER);

/** SHA-256 of the entry before the next: a log that has another there is not the one that was read. Absent: none was. */
const last = sha256;
/** How far a log was read. */
export const readPlace = record({ next: count }, { last });

export function digest(entry: Buffer): string {
  return createHash('sha256').update(entry).digest('base64url');
}

/** @param entryAt undefined: it has none there @returns why this is not the log that was read so far; undefined: it is */
export function otherLog(
  { next, last }: ReturnType<typeof readPlace>,
  entryAt: (index: number) => Buffer | undefined,
): string | undefined {
  if (last === undefined) return undefined;
  const found = entryAt(next - 1);
  if (found === undefined) return `the log ends before entry ${next - 1}, which it had: it is not the one it was`;
  return digest(found) === last ? undefined : `entry ${next - 1} is not the one that it was: the log is another`;
}

/** Entries that the receiver will never take: they stay in the log. */
const refusal = record({ at: isoTime, first: count, count, why: text }, { among: count });
export type Refusal = ReturnType<typeof refusal>;

const position = record(
  {
    format: oneOf('strongroom sink position 1'),
    /** Index of the next entry to send. */
    next: count,
    refused: count,
    latestRefusals: list(refusal, 100),
  },
  {
    last,
    lastSuccess: isoTime,
    lastFailure: record({ at: isoTime, why: text }),
  },
);
export type Position = Omit<ReturnType<typeof position>, 'format'>;

export function startAt(next: number): Position {
  return { next, refused: 0, latestRefusals: [] };
}

/** Undefined when there is none. @throws Error when it cannot be read for one */
export function readPosition(path: string): Position | undefined {
  const found = readIfThere(path);
  if (found === undefined) return undefined;
  const { format: _, ...kept } = position(JSON.parse(found), 'position');
  return kept;
}

export async function keepPosition(path: string, kept: Position): Promise<void> {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const whole = `${JSON.stringify({ format: 'strongroom sink position 1', ...kept })}\n`;
  await replaceFile(path, whole, { folder: () => Promise.resolve() });
}
