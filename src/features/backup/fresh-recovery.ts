// Whether an HSM is as its recovery left it: a quorum of custodians has uploaded the domain, and nothing that a backup holds
// was made, changed or taken away since. It is a record that the upload makes and the first such change removes, in its own
// commit: nobody gets back to it by deleting what there is.
import { integer } from '../../formats/shape.ts';
import { type Follow, follow } from '../../store/sealed/follow-records.ts';
import { type BackupScope, recordKind } from '../../store/sealed/record-kind.ts';
import type { Change } from '../../store/sealed/records.ts';

export const recoveryKind = recordKind({
  of: 'untouched-recovery',
  about: 'When a quorum recovered the HSM, while nothing that a backup holds has changed since',
  travels: 'stays',
  members: { since: integer(Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER) },
});
/** A stand-by that was recovered long ago is no emergency. */
export const RECOVERY_HOURS = 72;

export class FreshRecovery {
  #since: number | undefined;
  readonly #travels: (recordName: string) => BackupScope;

  readonly follows: readonly Follow[] = [
    follow(recoveryKind, (_, record) => {
      this.#since = record?.since;
    }),
  ];

  constructor(travels: (recordName: string) => BackupScope) {
    this.#travels = travels;
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
    return [recoveryKind.put('', { since: Math.floor(now) })];
  }

  /** What a commit of these takes along, whoever makes it: the first use of the HSM ends the recovery. */
  goesWith(changes: readonly Change[]): readonly Change[] {
    const isUse = this.#since !== undefined && changes.some(({ name }) => this.#travels(name) !== 'stays');
    return isUse ? [recoveryKind.remove()] : [];
  }
}
