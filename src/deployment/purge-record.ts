// The record of purged instances: one line each, appended once the root keys are destroyed and never before, each line
// holding the hash of the one before it. It outlives what it tells of.
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { DurableJournal, readJournal } from '../files/durable-journal.ts';
import { readDestinations } from '../formats/diagnostic-destinations.ts';
import { integer, matching, oneOf, record, text } from '../formats/shape.ts';

export const PURGED_MEMBERS = {
  name: text,
  instanceId: text,
  resourceId: text,
  deletedAt: text,
  rootKeysDestroyedAt: text,
  reason: oneOf('requested', 'retention ended'),
  /** The last signed checkpoint of its log, which is kept; empty when it had none. */
  checkpoint: text,
} as const;

/** Not in lines of earlier releases. */
export const PURGED_OPTIONAL = {
  /** Resource ids of the sinks that its diagnostic settings named. */
  diagnostics: readDestinations,
} as const;

const shape = record(
  {
    sequence: integer(1, 0xffffffff),
    ...PURGED_MEMBERS,
    /** SHA-256 of the line before, without its line break; empty in the first. */
    previous: matching(/^([0-9a-f]{64})?$/, 'a hash'),
  },
  PURGED_OPTIONAL,
);
export type PurgeRecordLine = ReturnType<typeof shape>;
export type PurgedInstance = Omit<PurgeRecordLine, 'sequence' | 'previous'>;

export function purgeRecordFile(folder: string): string {
  return join(folder, 'record.jsonl');
}

/** Appends unless it is there already; durable when it returns. @throws Error when the record was altered */
export function appendPurged(folder: string, purged: PurgedInstance): void {
  const file = purgeRecordFile(folder);
  const journal = DurableJournal.open(file);
  const { lines, previous } = parse(journal.found, file);
  if (lines.some(({ instanceId }) => instanceId === purged.instanceId)) return;
  const line: PurgeRecordLine = { sequence: lines.length + 1, ...purged, previous };
  journal.add(JSON.stringify(line));
}

/** @throws Error naming the line that was altered */
export function readPurgeRecord(folder: string): readonly PurgeRecordLine[] {
  const file = purgeRecordFile(folder);
  return parse(readJournal(file), file).lines;
}

/** None of a record that was altered, for those who have not to judge it. */
export function recordedPurges(folder: string): readonly PurgeRecordLine[] {
  try {
    return readPurgeRecord(folder);
  } catch {
    return [];
  }
}

function parse(jsonLines: readonly string[], file: string) {
  let previous = '';
  const lines = jsonLines.map((json, index) => {
    try {
      const line = shape(JSON.parse(json), 'line');
      if (line.sequence !== index + 1 || line.previous !== previous)
        throw new Error('it does not follow the one before');
      previous = hashOf(json);
      return line;
    } catch (cause) {
      throw new Error(`line ${index + 1} of ${file} was altered: ${(cause as Error).message}`, { cause });
    }
  });
  return { lines, previous };
}

function hashOf(line: string): string {
  return createHash('sha256').update(line).digest('hex');
}
