// Who holds which share, in memory, fed by sealed records. It knows custodians by their certificates' hashes; shares and
// keys never come here.
import { type Follow, follow, keep } from '../../store/sealed/follow-records.ts';
import { type Challenges, openChallenges } from './challenges.ts';
import { type Holder, holderKind } from './holder.ts';
import { type Split, splitKind } from './split.ts';

export class CustodianRegister {
  readonly challenges: Challenges = openChallenges();
  readonly #holders = new Map<string, Holder>();
  #split: Split | undefined;

  readonly follows: readonly Follow[] = [
    ...this.challenges.follows,
    keep(holderKind, this.#holders),
    follow(splitKind, (_, split) => {
      this.#split = split;
    }),
  ];

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
