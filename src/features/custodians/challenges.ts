// Challenges: fresh random bytes that a custodian signs to show that their key is at hand today. Sealed records
// `custodian-challenges/{challenge}`; each ends by itself, and counts once for each custodian.
import { list, matching, type Reader, record, text } from '../../formats/shape.ts';
import { StoreError } from '../../store/port.ts';
import type { Change } from '../../store/sealed/records.ts';

export interface Challenge {
  readonly madeAt: string;
  readonly expires: string;
  readonly madeBy: string;
  readonly answers: readonly { readonly custodian: string; readonly at: string }[];
}

const PREFIX = 'custodian-challenges/';
export const MAX_CHALLENGES = 50;

export class Challenges {
  readonly #all = new Map<string, Challenge>();

  /** Records of other features are left alone. */
  apply({ name, value }: Change): void {
    if (!name.startsWith(PREFIX)) return;
    if (value === null) this.#all.delete(name.slice(PREFIX.length));
    else this.#all.set(name.slice(PREFIX.length), decode(value));
  }

  get(challenge: string): Challenge | undefined {
    return this.#all.get(challenge);
  }

  /** Newest first. */
  list(): readonly (readonly [string, Challenge])[] {
    return [...this.#all].sort(([, a], [, b]) => (a.madeAt < b.madeAt ? 1 : -1));
  }
}

export function challengeChange(challenge: string, value: Challenge | null): Change {
  return { name: PREFIX + challenge, value: value === null ? null : Buffer.from(JSON.stringify(value), 'utf8') };
}

const hash = matching(/^[\w-]{43}$/, 'base64url of 32 bytes');
const shape: Reader<Challenge> = record({
  madeAt: text,
  expires: text,
  madeBy: text,
  answers: list(record({ custodian: hash, at: text })),
});

function decode(value: Uint8Array): Challenge {
  try {
    return shape(JSON.parse(Buffer.from(value).toString('utf8')), 'challenge');
  } catch (cause) {
    throw new StoreError('Damaged', 'the record of a challenge does not read', { cause });
  }
}
