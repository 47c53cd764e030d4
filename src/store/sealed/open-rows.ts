// Opens sealed rows through the module, a bounded number at a time. What was done to rows that do not open is found out for the
// operator's eyes; the refusal stands whatever that finds.
import { Buffer } from 'node:buffer';
import { CryptoError } from '../../crypto/protocol/messages.ts';
import { type Row, refused, type Store, StoreError } from '../port.ts';
import type { RecordSealer } from './records.ts';

/** How many rows the module works on at once. */
export const IN_FLIGHT = 512;
/** More refused rows than these are not looked at closely: the work grows with their square. */
const LOOKED_AT = 16;

export interface LiveRow extends Row {
  readonly value: Uint8Array;
}

export interface OpenedRow {
  readonly row: LiveRow;
  readonly name: string;
  readonly value: Uint8Array;
}

/** The untrusted store, and the module. */
export interface Sealed {
  readonly store: Store;
  readonly sealer: RecordSealer;
}

export function isLive(row: Row): row is LiveRow {
  return row.value !== null;
}

/**
 * In the order given. @throws StoreError Refused when the module refuses any: edited, or sealed for another key, revision or
 * instance; Unavailable when it cannot answer
 */
export async function openRows({ store, sealer }: Sealed, rows: readonly LiveRow[]): Promise<OpenedRow[]> {
  const opened: OpenedRow[] = [];
  const wrong: LiveRow[] = [];
  for (let at = 0; at < rows.length; at += IN_FLIGHT) {
    const batch = rows.slice(at, at + IN_FLIGHT);
    const results = await Promise.all(batch.map(async (row) => ({ row, found: await openRow(sealer, row) })));
    for (const { row, found } of results) {
      if (found === undefined) wrong.push(row);
      else opened.push(found);
    }
  }
  if (wrong.length > 0) throw await explainRefusal(store, sealer, wrong);
  return opened;
}

/** Answers undefined when the row is not authentic. @throws StoreError Unavailable */
async function openRow(sealer: RecordSealer, row: LiveRow): Promise<OpenedRow | undefined> {
  try {
    const { name, value } = await sealer.open(row.key, row.revision, row.value);
    return { row, name, value };
  } catch (error) {
    // A row of the wrong shape is refused as a bad request: it comes from the store, so it is no mistake of ours.
    if (error instanceof CryptoError && (error.code === 'RecordRefused' || error.code === 'BadRequest'))
      return undefined;
    throw unavailable(error);
  }
}

export function unavailable(error: unknown): StoreError {
  if (error instanceof StoreError) return error;
  if (error instanceof CryptoError && error.code === 'StateRefused') {
    return new StoreError('Refused', error.message, { cause: error });
  }
  return new StoreError('Unavailable', 'the module cannot seal or open records now', { cause: error });
}

/** How a row is called in reasons: names are unknown where a row does not open. */
export function rowLabel(key: Uint8Array): string {
  return `row ${Buffer.from(key).toString('hex').slice(0, 16)}`;
}

async function explainRefusal(store: Store, sealer: RecordSealer, wrong: readonly LiveRow[]): Promise<StoreError> {
  const some = wrong.slice(0, LOOKED_AT);
  const originals = await findOriginals(store, some);
  const findings: string[] = [];
  for (const row of some) findings.push(await explainRow(sealer, row, some, originals.get(row)));
  const more = wrong.length > some.length ? `; and ${wrong.length - some.length} more rows do not open` : '';
  return refused(findings.join('; ') + more);
}

/** Another row with the very same sealed bytes shows where a copy was taken from. */
async function findOriginals(store: Store, wrong: readonly LiveRow[]): Promise<Map<LiveRow, LiveRow>> {
  const originals = new Map<LiveRow, LiveRow>();
  for await (const batch of store.list()) {
    for (const other of batch.filter(isLive)) {
      for (const row of wrong) {
        if (!same(row.key, other.key) && same(row.value, other.value)) originals.set(row, other);
      }
    }
  }
  return originals;
}

async function explainRow(
  sealer: RecordSealer,
  row: LiveRow,
  wrong: readonly LiveRow[],
  original: LiveRow | undefined,
): Promise<string> {
  const label = rowLabel(row.key);
  if (original !== undefined) {
    const opened = await openRow(sealer, original);
    const name = opened === undefined ? '' : ` ("${opened.name}")`;
    return `${label} was overwritten with a copy of ${rowLabel(original.key)}${name}`;
  }
  for (const other of wrong) {
    if (other === row) continue;
    const opened =
      (await openRow(sealer, { ...other, value: row.value })) ?? (await openRow(sealer, { ...row, key: other.key }));
    if (opened !== undefined) {
      return `${label} was swapped: it holds the record of ${rowLabel(other.key)} ("${opened.name}")`;
    }
  }
  return `${label} was edited, or its record belongs to another row, revision or instance`;
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}
