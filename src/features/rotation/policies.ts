// All rotation policies of the instance in memory, fed by the sealed records.
import { type Follow, feeding, keep } from '../../store/sealed/follow-records.ts';
import type { Apply } from '../../store/sealed/records.ts';
import { policyKind, type RotationPolicy } from './policy.ts';

export class RotationPolicies {
  readonly #policies = new Map<string, RotationPolicy>();

  readonly follows: readonly Follow[] = [keep(policyKind, this.#policies)];
  readonly apply: Apply = feeding(this.follows);

  find(name: string): RotationPolicy | undefined {
    return this.#policies.get(name.toLowerCase());
  }
}
