// What an instance was promised when it was first started, in one sealed record: how long deleted keys are kept, whether
// they can be purged before, whether this is a development instance, and whether duties are separated. Its configuration
// file cannot take any of it back, whoever edits it: protection that is on stays on, days stay what they were, production
// stays production, strict stays strict.
import { flag, integer, oneOf, record } from '../../formats/shape.ts';
import { StoreError } from '../../store/port.ts';
import { type Follow, follow } from '../../store/sealed/follow-records.ts';
import { recordKind, type ValueOf } from '../../store/sealed/record-kind.ts';
import type { Change } from '../../store/sealed/records.ts';

export type StoredPolicy = ValueOf<typeof instancePolicyKind>;

/** What the configuration says; without a separation mode the first start takes the one of the profile. */
export type Configured = Omit<StoredPolicy, 'separation'> & {
  readonly separation?: StoredPolicy['separation'] | undefined;
};

export function separationOf({
  separation,
  profile,
}: Pick<Configured, 'separation' | 'profile'>): StoredPolicy['separation'] {
  return separation ?? (profile === 'production' ? 'strict' : 'azure');
}

const before = {
  retentionDays: integer(0, 36_500),
  purgeProtection: flag,
  profile: oneOf('dev', 'production'),
};
/** `azure`: as the service behaves. `strict`: what an administrator does to roles needs a second one. */
const separation = oneOf('azure', 'strict');
const withoutSeparation = record(before);

export const instancePolicyKind = recordKind({
  of: 'promises',
  about: 'What was promised at the first start',
  travels: 'stays',
  members: { ...before, separation },
  // Instances that were first started before there were modes behave as they always did.
  earlier: [(value, path) => ({ ...withoutSeparation(value, path), separation: 'azure' as const })],
});

export class InstancePolicy {
  #promised: StoredPolicy | undefined;
  /** Duties are separated. False before the first promises were made: nobody is served then. Set by `apply` alone. */
  isStrict = false;

  readonly follows: readonly Follow[] = [
    follow(instancePolicyKind, (_, promised) => {
      if (promised === undefined) throw new StoreError('Damaged', 'the record of promises cannot be removed');
      this.#promised = promised;
      this.isStrict = promised.separation === 'strict';
    }),
  ];

  /** @throws Error before the first were made */
  get current(): StoredPolicy {
    if (this.#promised === undefined) throw new Error('promises are read after they were made');
    return this.#promised;
  }

  get areMade(): boolean {
    return this.#promised !== undefined;
  }

  /** Only what is stricter than before is taken from the configuration. */
  plan(configured: Configured): readonly Change[] {
    const before = this.#promised;
    const after: StoredPolicy = {
      retentionDays: before?.retentionDays ?? configured.retentionDays,
      purgeProtection: before?.purgeProtection === true || configured.purgeProtection,
      profile: before?.profile === 'production' ? 'production' : configured.profile,
      separation:
        before === undefined
          ? separationOf(configured)
          : before.separation === 'strict'
            ? 'strict'
            : (configured.separation ?? 'azure'),
    };
    const isSame = before !== undefined && instancePolicyKind.same(before, after);
    return isSame ? [] : [instancePolicyKind.put('', after)];
  }
}
