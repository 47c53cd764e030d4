// Sets the rotation policy of a key, or clears it.

import { badParameter } from '../../http/service-error.ts';
import { type Commit, commitPlanned, type Head } from '../../store/sealed/records.ts';
import type { KeyVersion } from '../keys/key-version.ts';
import type { RotationPolicies } from './policy.ts';
import { type PolicyRules, policyChange, type RotationPolicy } from './policy.ts';
import { isEmpty } from './read-policy.ts';

export interface PolicySetting {
  readonly policies: RotationPolicies;
  readonly now: () => number;
}

/** @param find looks the key up on current state */
export function setPolicy(
  find: () => KeyVersion,
  rules: PolicyRules,
  commit: Commit,
  { policies, now }: PolicySetting,
): Promise<{
  readonly before: RotationPolicy | undefined;
  readonly policy: RotationPolicy | undefined;
  readonly head: Head;
}> {
  return commitPlanned(commit, () => {
    const key = find();
    checkExpiryKnown(rules, key);
    const updated = now();
    const before = policies.find(key.name);
    const created = before?.created ?? updated;
    const policy = isEmpty(rules) ? undefined : { ...rules, created, updated };
    return { before, policy, changes: [policyChange(key.name, policy)] };
  });
}

/** @throws ServiceError BadParameter: the time before an expiry that never is would never come */
function checkExpiryKnown({ lifetimeActions, expiryTime }: PolicyRules, key: KeyVersion): void {
  if (expiryTime !== undefined || key.attributes.exp !== undefined) return;
  const index = lifetimeActions.findIndex(({ trigger }) => trigger === 'timeBeforeExpiry');
  if (index === -1) return;
  throw badParameter(
    `Property 'lifetimeActions[${index}].trigger.timeBeforeExpiry' needs attributes.expiryTime, or a key with exp`,
  );
}
