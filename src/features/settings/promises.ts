// What an instance was promised when it was first started, in one sealed record: how long deleted keys are kept, whether
// they can be purged before, and whether this is a development instance. Its configuration file cannot take any of it
// back, whoever edits it: protection that is on stays on, days stay what they were, production stays production.
import { StoreError } from '../../store/port.ts';
import type { Change } from '../../store/sealed/records.ts';

export interface Promised {
  readonly retentionDays: number;
  readonly purgeProtection: boolean;
  readonly profile: 'dev' | 'production';
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

  /** Only what is stricter than before is taken from the configuration. */
  plan(configured: Promised): readonly Change[] {
    const before = this.#promised;
    const after: Promised = {
      retentionDays: before?.retentionDays ?? configured.retentionDays,
      purgeProtection: before?.purgeProtection === true || configured.purgeProtection,
      profile: before?.profile === 'production' ? 'production' : configured.profile,
    };
    const same =
      before !== undefined && before.purgeProtection === after.purgeProtection && before.profile === after.profile;
    return same ? [] : [{ name: RECORD, value: Buffer.from(JSON.stringify(after), 'utf8') }];
  }
}

function decode(value: Uint8Array): Promised {
  const stored = JSON.parse(Buffer.from(value).toString('utf8')) as Partial<Promised>;
  const { retentionDays, purgeProtection, profile } = stored;
  if (
    Number.isInteger(retentionDays) &&
    typeof purgeProtection === 'boolean' &&
    (profile === 'dev' || profile === 'production')
  ) {
    return stored as Promised;
  }
  throw new StoreError('Damaged', 'the record of promises does not have its members');
}
