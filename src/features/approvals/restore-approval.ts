// What a full restore needs of a second person: nothing where duties are not separated, nor right after a quorum of custodians
// has recovered the HSM; otherwise an approval of exactly this backup.
import type { Change } from '../../store/sealed/records.ts';
import type { RestoreApproval } from '../backup/approved-restore.ts';
import type { FreshRecovery } from '../backup/fresh-recovery.ts';
import { isoSecond, readDefinitionTerms } from '../roles/terms.ts';
import type { InstancePolicy } from '../settings/instance-policy.ts';
import { approvalKind } from './approval.ts';
import { stateAt } from './approvals.ts';
import { type ApprovalService, planSecond } from './second-approver.ts';

export interface RestoreSeparation extends ApprovalService {
  readonly instancePolicy: Pick<InstancePolicy, 'isStrict'>;
  readonly recovery: Pick<FreshRecovery, 'since' | 'isFresh'>;
}

export function restoreApproval(service: RestoreSeparation): RestoreApproval {
  const { instancePolicy, recovery, now } = service;
  return {
    needsSecond: () => instancePolicy.isStrict && !recovery.isFresh(now()),
    reasonOf: (grantHeaders) => readDefinitionTerms(grantHeaders, now()).reason,
    judge(wanted, { principal, reason }) {
      const why = reason === undefined ? '' : `Reason: ${reason}`;
      if (!instancePolicy.isStrict) return { state: 'given', changes: [], note: why };
      if (recovery.since !== undefined && recovery.isFresh(now())) {
        const quorum = `No approval: custodians recovered this HSM ${isoSecond(recovery.since)}, nothing was made in it since`;
        return { state: 'given', changes: [], note: why === '' ? quorum : `${quorum}. ${why}` };
      }
      const second = planSecond(wanted, reason, principal, service);
      if (second.state === 'asked') return second;
      const { changes, note } = second;
      return { state: 'given', changes, note: why === '' ? note : `${note} ${why}` };
    },
    ending: () => planEndOfOpen(service),
  };
}

/** They expire now. Those that are over stay what they are. */
function planEndOfOpen({ approvals, now }: Pick<RestoreSeparation, 'approvals' | 'now'>): readonly Change[] {
  const at = Math.floor(now());
  return approvals
    .list()
    .filter(([, each]) => ['pending', 'approved'].includes(stateAt(each, at)))
    .map(([id, each]) => approvalKind.put(id, { ...each, expiresAt: at }));
}
