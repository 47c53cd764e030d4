// Whether an HSM is as its recovery left it: a quorum of custodians has uploaded the domain, and nothing that a backup holds
// was made, changed or taken away since. It is a record that the upload makes and the first such change removes, in its own
// commit: nobody gets back to it by deleting what there is.
import { StoreError } from '../../store/port.ts';
import type { Change, Records } from '../../store/sealed/records.ts';
import { travels } from './what-travels.ts';

const RECORD = 'untouched-recovery';
/** A stand-by that was recovered long ago is no emergency. */
export const RECOVERY_HOURS = 72;

export class UntouchedRecovery {
  #since: number | undefined;

  /** Records of other features are left alone. */
  apply({ name, value }: Change): void {
    if (name !== RECORD) return;
    this.#since = value === null ? undefined : decode(value);
  }

  /** Unix seconds of the recovery. */
  get since(): number | undefined {
    return this.#since;
  }

  isFresh(now: number): boolean {
    return this.#since !== undefined && now < this.#since + RECOVERY_HOURS * 3600;
  }

  /** Committed with the record of the upload: an instance takes one only before anything can be made in it. */
  plan(now: number): readonly Change[] {
    return [{ name: RECORD, value: Buffer.from(JSON.stringify({ since: Math.floor(now) }), 'utf8') }];
  }

  /** The records of an instance, in which the first use of it goes on record. */
  watch(records: Records): Records {
    const completed = (changes: readonly Change[]): readonly Change[] =>
      this.#since !== undefined && changes.some(({ name }) => travels(name) !== 'stays')
        ? [...changes, { name: RECORD, value: null }]
        : changes;
    return {
      get head() {
        return records.head;
      },
      refresh: () => records.refresh(),
      update: (plan) =>
        records.update(() => {
          const planned = plan();
          return planned instanceof Promise ? planned.then(completed) : completed(planned);
        }),
      [Symbol.asyncDispose]: () => records[Symbol.asyncDispose](),
    };
  }
}

/** @throws StoreError Damaged */
function decode(value: Uint8Array): number {
  const { since } = JSON.parse(Buffer.from(value).toString('utf8')) as { readonly since?: unknown };
  if (typeof since === 'number' && Number.isSafeInteger(since)) return since;
  throw new StoreError('Damaged', 'the record of an untouched recovery does not have its members');
}
