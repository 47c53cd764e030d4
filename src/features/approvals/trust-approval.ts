// What trusting an attestation authority needs of a second person: nothing where duties are not separated.
import type { TrustApproval } from '../release/authorities/trust-request.ts';
import { readDefinitionTerms } from '../roles/terms.ts';
import type { InstancePolicy } from '../settings/instance-policy.ts';
import { type ApprovalService, planSecond } from './second-approver.ts';

export function trustApproval(
  service: ApprovalService & { readonly instancePolicy: Pick<InstancePolicy, 'isStrict'> },
): TrustApproval {
  const { instancePolicy, now } = service;
  return {
    reasonOf: (grantHeaders) => readDefinitionTerms(grantHeaders, now()).reason,
    judge(wanted, { principal, reason }) {
      const why = reason === undefined ? '' : `Reason: ${reason}`;
      if (!instancePolicy.isStrict) return { state: 'given', changes: [], note: why };
      const second = planSecond(wanted, reason, principal, service);
      if (second.state === 'asked') return second;
      const { changes, note } = second;
      return { state: 'given', changes, note: why === '' ? note : `${note} ${why}` };
    },
  };
}
