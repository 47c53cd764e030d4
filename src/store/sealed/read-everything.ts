// Reads and verifies a whole store: every row opens, and together they are exactly what the sealed head says. Used when
// a store is opened, and whenever a running one gives reason to doubt it.
import { refused } from '../port.ts';
import { decodeHead, HEAD, type SealedHead } from './head.ts';
import { isLive, type LiveRow, type OpenedRow, openRows, rowLabel, type Sealed } from './open-rows.ts';
import { SetHash } from './set-hash.ts';
import { type Entry, entryKey, entryOf, type State } from './state.ts';

export interface Contents extends State {
  /** Undefined: the store is empty. */
  readonly headRow: LiveRow | undefined;
}

/**
 * @param visit called for every record but the head, before it is known whether all add up: drop what it built if this rejects
 * @throws StoreError Refused, Damaged, Unavailable
 */
export async function readEverything(source: Sealed, visit: (record: OpenedRow) => void): Promise<Contents> {
  const entries = new Map<string, Entry>();
  const names = new Set<string>();
  const hash = new SetHash();
  let headRecord: OpenedRow | undefined;
  let newest = 0;
  let newestRow: Uint8Array | undefined;
  for await (const batch of source.store.list()) {
    for (const record of await openRows(source, batch.filter(isLive))) {
      const { row, name } = record;
      if (names.has(name)) throw refused(`"${name}" is there twice, once as ${rowLabel(row.key)}`);
      names.add(name);
      if (name === HEAD) {
        headRecord = record;
        continue;
      }
      const entry = entryOf(name, row.key, row.revision, row.value);
      entries.set(entryKey(row.key), entry);
      hash.add(entry.mark);
      if (row.revision > newest) [newest, newestRow] = [row.revision, row.key];
      visit(record);
    }
  }
  if (headRecord === undefined) {
    if (entries.size > 0) throw refused(`the head is missing, with ${entries.size} records there`);
    const head = { sequence: 0, hash: hash.digest(), records: 0 };
    return { head, headRow: undefined, sealedHead: new Uint8Array(), entries, hash };
  }
  const head = readHead(headRecord);
  if (newestRow !== undefined && newest > head.sequence) {
    throw refused(`the head was rolled back to sequence ${head.sequence}: ${rowLabel(newestRow)} is of ${newest}`);
  }
  checkSum(head, entries.size, hash);
  return { head, headRow: headRecord.row, sealedHead: headRecord.row.value, entries, hash };
}

/** The head within its record. @throws StoreError Refused */
export function readHead({ name, row, value }: OpenedRow): SealedHead {
  const head = name === HEAD ? decodeHead(value) : undefined;
  if (head === undefined || head.sequence !== row.revision) throw refused('the head is not one');
  return head;
}

function checkSum(head: SealedHead, records: number, hash: SetHash): void {
  if (records < head.records) {
    throw refused(`${head.records - records} of the ${head.records} records of sequence ${head.sequence} are missing`);
  }
  if (records > head.records) {
    const spare = records - head.records;
    throw refused(
      `${spare} records more than the ${head.records} of sequence ${head.sequence}: deleted ones came back`,
    );
  }
  if (hash.digest() !== head.hash) {
    throw refused(
      `not the ${head.records} records of sequence ${head.sequence}: some were replaced by another version, ` +
        'or a deleted one took the place of one that is missing',
    );
  }
}
