// Finds out what was done to rows that do not open, for the operator's eyes. The refusal stands whatever this finds.
import { Buffer } from 'node:buffer';
import { type Store, StoreError } from '../port.ts';
import { isLive, type LiveRow, openRow, rowLabel } from './open-rows.ts';
import type { RecordSealer } from './records.ts';

/** More rows than these are not looked at closely: the work grows with their square. */
const LOOKED_AT = 16;

export async function explainRefusal(
  store: Store,
  sealer: RecordSealer,
  refused: readonly LiveRow[],
): Promise<StoreError> {
  const some = refused.slice(0, LOOKED_AT);
  const originals = await findOriginals(store, some);
  const findings: string[] = [];
  for (const row of some) findings.push(await explainRow(sealer, row, some, originals.get(row)));
  const more = refused.length > some.length ? `; and ${refused.length - some.length} more rows do not open` : '';
  return new StoreError('Refused', `the store was tampered with: ${findings.join('; ')}${more}`);
}

/** Another row with the very same sealed bytes shows where a copy was taken from. */
async function findOriginals(store: Store, refused: readonly LiveRow[]): Promise<Map<LiveRow, LiveRow>> {
  const originals = new Map<LiveRow, LiveRow>();
  for await (const batch of store.list()) {
    for (const other of batch.filter(isLive)) {
      for (const row of refused) {
        if (!same(row.key, other.key) && same(row.value, other.value)) originals.set(row, other);
      }
    }
  }
  return originals;
}

async function explainRow(
  sealer: RecordSealer,
  row: LiveRow,
  refused: readonly LiveRow[],
  original: LiveRow | undefined,
): Promise<string> {
  const label = rowLabel(row.key);
  if (original !== undefined) {
    const opened = await openRow(sealer, original);
    const name = opened === undefined ? '' : ` ("${opened.name}")`;
    return `${label} was overwritten with a copy of ${rowLabel(original.key)}${name}`;
  }
  for (const other of refused) {
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
