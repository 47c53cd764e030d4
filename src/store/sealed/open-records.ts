// Opens the records of a store: nothing is served before all of it is verified and found no older than what was seen.
import { type Store, StoreError } from '../port.ts';
import type { Source } from './catch-up.ts';
import { HEAD_ENTRIES, HeadEntries } from './head-entries.ts';
import { unavailable } from './open-rows.ts';
import { type Contents, readEverything } from './read-everything.ts';
import type { Apply, Attempt, GoesWith, HeadLog, RecordSealer } from './records.ts';
import { SealedRecords } from './sealed-records.ts';

export interface OpenRecords {
  /** Stays the caller's: closed after the records. */
  readonly store: Store;
  readonly sealer: RecordSealer;
  /** Must be quick and must not throw. What it built is void if opening rejects. */
  readonly apply: Apply;
  /** Without it no two changes share a commit. */
  readonly attempt?: Attempt;
  readonly goesWith?: GoesWith;
  /** Default: every entry is there at once. */
  readonly log?: HeadLog;
  /** Newest head sequence that the audit log names, 0 if none. Read it before the store is opened. */
  readonly newestHeadInLog: number;
  /** Newest head sequence that the module was shown (`hello.headSequence`), 0 if none. */
  readonly headSeenByModule: number;
}

/**
 * A head newer than the log's is a crash between commit and record: the caller finds it in `head` and completes the log. It sees to
 * it that the log names no other, and then has the module `note` it.
 * @throws StoreError Refused with the reason, Damaged, Unavailable
 */
export async function openRecords(options: OpenRecords): Promise<SealedRecords> {
  const { store, sealer, newestHeadInLog, headSeenByModule } = options;
  const {
    attempt = () => undefined,
    goesWith = () => [],
    log = { countsEntries: true, settle: async () => {} },
  } = options;
  const entries = new HeadEntries();
  const apply: Apply = (change) => (change.name === HEAD_ENTRIES ? entries.take(change.value) : options.apply(change));
  const contents = await readEverything({ store, sealer }, ({ name, value }) => apply({ name, value }));
  checkAge(contents.head.sequence, newestHeadInLog, 'the audit log');
  checkAge(contents.head.sequence, headSeenByModule, 'the module');
  const source: Source = { store, sealer, headKey: await findHeadKey(sealer, contents) };
  return new SealedRecords(source, { apply, attempt, goesWith, entries, log }, contents);
}

function checkAge(sequence: number, seen: number, by: string): void {
  if (sequence >= seen) return;
  const what = sequence === 0 ? 'it is empty' : `it was rolled back to sequence ${sequence}`;
  throw new StoreError('Refused', `the store is older than what was seen: ${what}, while ${seen} was seen by ${by}`);
}

/** Of an empty store only the module knows under which key the first head will be. */
async function findHeadKey(sealer: RecordSealer, { head, headRow }: Contents): Promise<Uint8Array> {
  try {
    return headRow?.key ?? (await sealer.sealHead({ ...head, sequence: 1 }, new Uint8Array())).key;
  } catch (error) {
    throw unavailable(error);
  }
}
