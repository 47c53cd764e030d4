// Who holds which share, in memory, fed by sealed records. It knows custodians by their certificates' hashes; shares and
// keys never come here.
import type { Change } from '../../store/sealed/records.ts';
import { Challenges } from './challenges.ts';
import { decodeHolder, encodeHolder, HOLDER_PREFIX, type Holder } from './holder.ts';
import { decodeSplit, encodeSplit, SPLIT_RECORD, type Split } from './split.ts';

export class CustodianRegister {
  readonly challenges: Challenges = new Challenges();
  readonly #holders = new Map<string, Holder>();
  #split: Split | undefined;

  /** Records of other features are left alone. */
  apply(change: Change): void {
    this.challenges.apply(change);
    const { name, value } = change;
    if (name === SPLIT_RECORD) this.#split = value === null ? undefined : decodeSplit(value);
    if (!name.startsWith(HOLDER_PREFIX)) return;
    const custodian = name.slice(HOLDER_PREFIX.length);
    if (value === null) this.#holders.delete(custodian);
    else this.#holders.set(custodian, decodeHolder(name, value));
  }

  /** The newest file; undefined: none since there is a register. */
  get split(): Split | undefined {
    return this.#split;
  }

  get(custodian: string): Holder | undefined {
    return this.#holders.get(custodian);
  }

  /** Those who hold a share by number, then those who left, latest first. */
  list(): readonly (readonly [string, Holder])[] {
    return [...this.#holders].sort(([, a], [, b]) => {
      if (a.left === undefined && b.left === undefined) return a.share - b.share;
      if (a.left === undefined || b.left === undefined) return a.left === undefined ? -1 : 1;
      return a.left < b.left ? 1 : -1;
    });
  }
}

export function holderChange(custodian: string, holder: Holder): Change {
  return { name: HOLDER_PREFIX + custodian, value: encodeHolder(holder) };
}

export function splitChange(split: Split): Change {
  return { name: SPLIT_RECORD, value: encodeSplit(split) };
}
