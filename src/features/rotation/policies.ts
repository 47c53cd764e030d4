// All rotation policies of the instance in memory, fed by the sealed records.
import type { Change } from '../../store/sealed/records.ts';
import { decodePolicy, parsePolicyRecordName, policyRecordName, type RotationPolicy } from './policy.ts';

export class RotationPolicies {
  readonly #policies = new Map<string, RotationPolicy>();

  /** Takes a change of a policy's record; leaves others alone. */
  apply({ name: recordName, value }: Change): void {
    const name = parsePolicyRecordName(recordName);
    if (name === undefined) return;
    if (value === null) this.#policies.delete(name);
    else this.#policies.set(name, decodePolicy(value));
  }

  find(name: string): RotationPolicy | undefined {
    return this.#policies.get(name.toLowerCase());
  }
}

/** What goes with a key that is purged. */
export function planPolicyRemoval(name: string): readonly Change[] {
  return [{ name: policyRecordName(name), value: null }];
}
