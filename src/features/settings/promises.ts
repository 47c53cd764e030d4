// What an instance was promised when it was first started, in one sealed record: how long deleted keys are kept, whether
// they can be purged before, whether this is a development instance, and whether duties are separated. Its configuration
// file cannot take any of it back, whoever edits it: protection that is on stays on, days stay what they were, production
// stays production, strict stays strict.
import { StoreError } from '../../store/port.ts';
import type { Change } from '../../store/sealed/records.ts';

/** `azure`: as the service behaves. `strict`: what an administrator does to roles needs a second one. */
export type Separation = 'azure' | 'strict';

export interface Promised {
  readonly retentionDays: number;
  readonly purgeProtection: boolean;
  readonly profile: 'dev' | 'production';
  readonly separation: Separation;
}

/** What the configuration says; without a separation mode the first start takes the one of the profile. */
export type Configured = Omit<Promised, 'separation'> & { readonly separation?: Separation | undefined };

export function separationOf({ separation, profile }: Pick<Configured, 'separation' | 'profile'>): Separation {
  return separation ?? (profile === 'production' ? 'strict' : 'azure');
}

const RECORD = 'promises';

export class Promises {
  #promised: Promised | undefined;

  /** Takes a change of the record of promises; leaves others alone. */
  apply({ name, value }: Change): void {
    if (name !== RECORD) return;
    if (value === null) throw new StoreError('Damaged', 'the record of promises cannot be removed');
    this.#promised = decode(value);
  }

  /** @throws Error before the first were made */
  get current(): Promised {
    if (this.#promised === undefined) throw new Error('promises are read after they were made');
    return this.#promised;
  }

  get areMade(): boolean {
    return this.#promised !== undefined;
  }

  /** Duties are separated. False before the first promises were made: nobody is served then. */
  get isStrict(): boolean {
    return this.#promised?.separation === 'strict';
  }

  /** Only what is stricter than before is taken from the configuration. */
  plan(configured: Configured): readonly Change[] {
    const before = this.#promised;
    const after: Promised = {
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
    const same =
      before !== undefined &&
      before.purgeProtection === after.purgeProtection &&
      before.profile === after.profile &&
      before.separation === after.separation;
    return same ? [] : [{ name: RECORD, value: Buffer.from(JSON.stringify(after), 'utf8') }];
  }
}

function decode(value: Uint8Array): Promised {
  const stored = JSON.parse(Buffer.from(value).toString('utf8')) as Partial<Promised>;
  // Instances that were first started before there were modes behave as they always did.
  const { retentionDays, purgeProtection, profile, separation = 'azure' } = stored;
  if (
    Number.isInteger(retentionDays) &&
    typeof purgeProtection === 'boolean' &&
    (profile === 'dev' || profile === 'production') &&
    (separation === 'azure' || separation === 'strict')
  ) {
    return { ...(stored as Promised), separation };
  }
  throw new StoreError('Damaged', 'the record of promises does not have its members');
}
