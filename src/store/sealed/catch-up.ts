// Follows commits of other processes: reads what is newer than the state held, and believes it only when the state so
// changed is exactly what the new head says.
import { Buffer } from 'node:buffer';
import { DELETIONS_KEPT, type Row, refused, type StoreError } from '../port.ts';
import { isLive, type OpenedRow, openRows, type Sealed } from './open-rows.ts';
import { readEverything, readHead } from './read-everything.ts';
import { markOf } from './set-hash.ts';
import { entryKey, entryOf, type State, type Step, type StepChange, sumAfter } from './state.ts';

export interface Source extends Sealed {
  /** Under which the head is found. */
  readonly headKey: Uint8Array;
}

/**
 * @param suspicious somebody else wrote to the store, so a head that did not move needs an explanation
 * @throws StoreError Refused, Damaged, Unavailable
 */
export async function catchUp(source: Source, state: State, suspicious: boolean): Promise<Step | undefined> {
  const rows = await source.store.changesSince(state.head.sequence);
  if (rows.length === 0) return suspicious ? compareEverything(source, state) : undefined;
  const headRow = rows.find(({ key }) => Buffer.compare(key, source.headKey) === 0);
  // Rows without their head: the whole store tells best what is wrong.
  if (headRow === undefined || !isLive(headRow)) return compareEverything(source, state);
  const live = [headRow, ...rows.filter(isLive).filter((row) => row !== headRow)];
  const [headRecord, ...records] = await openRows(source, live);
  if (headRecord === undefined) throw refused('the head is missing');
  const head = readHead(headRecord);
  const changes = [...deletions(state, rows), ...records.map(toChange)];
  const { hash, records: count } = sumAfter(state, changes);
  if (hash.digest() === head.hash && count === head.records) {
    return { head, sealedHead: headRow.value, hash, changes: inOrder(changes, rows) };
  }
  const step = await compareEverything(source, state);
  // Only who was away for so long that deletions were forgotten may jump; for others the history must add up.
  if (step !== undefined && step.head.sequence - state.head.sequence > DELETIONS_KEPT) return step;
  throw refused(`its history to sequence ${head.sequence} is another than the one known up to ${state.head.sequence}`);
}

/** Verifies the whole store and answers how it differs from the state. */
async function compareEverything(source: Source, state: State): Promise<Step | undefined> {
  const changes: StepChange[] = [];
  const held = state.head.sequence;
  let contradiction: StoreError | undefined;
  const { head, sealedHead, hash, entries } = await readEverything(source, (record) => {
    const { row, name } = record;
    if (state.entries.get(entryKey(row.key))?.mark === markOf(row.key, row.revision, row.value)) return;
    if (row.revision > held) changes.push(toChange(record));
    // Authentic, and yet not what this process knows: what another process commits upon may be an older copy.
    else contradiction ??= refused(`"${name}" is of revision ${row.revision}, which it was not at sequence ${held}`);
  }).catch((error: unknown) => {
    // It names the record, which the sum cannot.
    throw contradiction ?? error;
  });
  const { sequence } = head;
  if (sequence < held) throw refused(`it was rolled back to sequence ${sequence} while this process held ${held}`);
  if (contradiction !== undefined) throw contradiction;
  if (sequence === held && head.hash === state.head.hash) return undefined;
  if (sequence === held) throw refused(`there are two different states of sequence ${held}`);
  for (const [key, { name }] of state.entries) {
    if (!entries.has(key)) changes.push({ key, name, value: null, entry: undefined });
  }
  return { head, sealedHead, hash, changes };
}

/** Records that came and went between two looks were never known here. */
function deletions(state: State, rows: readonly Row[]): StepChange[] {
  return rows.flatMap((row) => {
    const key = entryKey(row.key);
    const before = row.value === null ? state.entries.get(key) : undefined;
    return before === undefined ? [] : [{ key, name: before.name, value: null, entry: undefined }];
  });
}

function toChange({ row, name, value }: OpenedRow): StepChange {
  return { key: entryKey(row.key), name, value, entry: entryOf(name, row.key, row.revision, row.value) };
}

/** As the store listed them: by revision. */
function inOrder(changes: readonly StepChange[], rows: readonly Row[]): StepChange[] {
  const byKey = new Map(changes.map((change) => [change.key, change]));
  return rows.flatMap((row) => byKey.get(entryKey(row.key)) ?? []);
}
