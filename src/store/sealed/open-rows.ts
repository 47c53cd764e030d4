// Opens sealed rows through the module, a bounded number at a time; a row that does not open is a finding, not a crash.
import { Buffer } from 'node:buffer';
import { CryptoError } from '../../crypto/protocol/messages.ts';
import { type Row, StoreError } from '../port.ts';
import type { RecordSealer } from './records.ts';

/** How many rows the module works on at once. */
const IN_FLIGHT = 512;

export interface LiveRow extends Row {
  readonly value: Uint8Array;
}

export interface OpenedRow {
  readonly row: LiveRow;
  readonly name: string;
  readonly value: Uint8Array;
}

/** Rows that the module refuses: edited, or sealed for another key, revision or instance. */
export class RefusedRows extends Error {
  override readonly name = 'RefusedRows';
  readonly rows: readonly LiveRow[];
  constructor(rows: readonly LiveRow[]) {
    super(`${rows.length} rows do not open`);
    this.rows = rows;
  }
}

export function isLive(row: Row): row is LiveRow {
  return row.value !== null;
}

/** In the order given. @throws RefusedRows, StoreError Unavailable when the module cannot answer */
export async function openRows(sealer: RecordSealer, rows: readonly LiveRow[]): Promise<OpenedRow[]> {
  const opened: OpenedRow[] = [];
  const refused: LiveRow[] = [];
  for (let at = 0; at < rows.length; at += IN_FLIGHT) {
    const batch = rows.slice(at, at + IN_FLIGHT);
    const results = await Promise.all(batch.map((row) => openRow(sealer, row)));
    for (const [index, result] of results.entries()) {
      const row = batch[index];
      if (result !== undefined) opened.push(result);
      else if (row !== undefined) refused.push(row);
    }
  }
  if (refused.length > 0) throw new RefusedRows(refused);
  return opened;
}

/** Answers undefined when the row is not authentic. @throws StoreError Unavailable */
export async function openRow(sealer: RecordSealer, row: LiveRow): Promise<OpenedRow | undefined> {
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
