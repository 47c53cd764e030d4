// When which key is to be rotated by itself. The times follow from the records alone, so a restart loses none of them, and
// lateness of one rotation moves the next only because the new version is younger.
import { addDuration, parseDuration, subtractDuration } from '../../formats/iso-duration.ts';
import { type Follow, follow } from '../../store/sealed/follow-records.ts';
import { DueTimes } from '../clock/due-times.ts';
import { clockKind } from '../clock/instance-clock.ts';
import { deletedKeyKind } from '../keys/deleted-key.ts';
import type { KeyIndex } from '../keys/key-index.ts';
import { type KeyVersion, keyKind, partsOfKeyId } from '../keys/key-version.ts';
import type { RotationPolicies } from './policy.ts';
import { type ActionType, findAction, type PolicyRules, policyKind } from './policy.ts';

/** When an action of the policy is due for this version; undefined: never. */
export function actionDue(key: KeyVersion, policy: PolicyRules, type: ActionType): number | undefined {
  const action = findAction(policy, type);
  const time = parseDuration(action?.time ?? '');
  if (action === undefined || time === undefined) return undefined;
  const { created, exp } = key.attributes;
  switch (action.trigger) {
    case 'timeAfterCreate':
      return addDuration(created, time);
    case 'timeBeforeExpiry':
      return exp === undefined ? undefined : subtractDuration(exp, time);
  }
}

/** For who takes note of whatever bears on the rotation of a key, and is read by no plan. @param changed told its name in lower case */
export function followKeys(changed: (name: string) => void): readonly Follow[] {
  return [
    follow(keyKind, (id) => changed(partsOfKeyId(id).name), 'unread'),
    follow(deletedKeyKind, changed, 'unread'),
    follow(policyKind, changed, 'unread'),
  ];
}

export class RotationSchedule {
  readonly #keys: KeyIndex;
  readonly #policies: RotationPolicies;
  readonly #due = new DueTimes();
  readonly #postponed = new Set<string>();

  constructor(keys: KeyIndex, policies: RotationPolicies) {
    this.#keys = keys;
    this.#policies = policies;
  }

  /** After keys and policies. */
  readonly follows: readonly Follow[] = [
    ...followKeys((name) => this.#schedule(name)),
    // A time that was put off until may never come, now.
    follow(clockKind, () => {
      for (const postponed of this.#postponed) this.#schedule(postponed);
    }),
  ];

  #schedule(name: string): void {
    this.#due.set(name, this.dueOf(name));
    this.#postponed.delete(name);
  }

  /** Deleted keys are not rotated; disabled ones are. */
  dueOf(name: string): number | undefined {
    const policy = this.#policies.find(name);
    const key = policy === undefined ? undefined : this.#keys.find(name);
    return policy === undefined || key === undefined ? undefined : actionDue(key, policy, 'Rotate');
  }

  /** The next of all, by the lower-case name of its key. */
  next(): { readonly name: string; readonly time: number } | undefined {
    return this.#due.next();
  }

  /** Not before this time, unless the key or its policy changes, or the clock is moved. */
  postpone(name: string, until: number | undefined): void {
    this.#due.set(name, until);
    this.#postponed.add(name);
  }
}
