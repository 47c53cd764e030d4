// What trusting an attestation authority needs of a second person: nothing where duties are not separated.
import type { TrustDuties } from '../release/authorities/trust-request.ts';
import { readDefinitionTerms } from '../roles/terms.ts';
import type { Promises } from '../settings/promises.ts';
import { type ApprovalService, planSecond } from './second-person.ts';

export function trustDuties(service: ApprovalService & { readonly promises: Pick<Promises, 'isStrict'> }): TrustDuties {
  const { promises, now } = service;
  return {
    reasonOf: (stated) => readDefinitionTerms(stated, now()).reason,
    judge(wanted, { principal, reason }) {
      const why = reason === undefined ? '' : `Reason: ${reason}`;
      if (!promises.isStrict) return { state: 'given', changes: [], note: why };
      const second = planSecond(wanted, reason, principal, service);
      if (second.state === 'asked') return second;
      const { changes, note } = second;
      return { state: 'given', changes, note: why === '' ? note : `${note} ${why}` };
    },
  };
}
