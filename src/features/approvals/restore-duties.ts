// What a full restore needs of a second person: nothing where duties are not separated, nor right after a quorum of custodians
// has recovered the HSM; otherwise an approval of exactly this backup.
import type { Change } from '../../store/sealed/records.ts';
import type { RestoreDuties } from '../backup/agreed-restore.ts';
import type { UntouchedRecovery } from '../backup/untouched-recovery.ts';
import { isoSecond, readDefinitionTerms } from '../roles/terms.ts';
import type { Promises } from '../settings/promises.ts';
import { approvalKind } from './approval.ts';
import { stateAt } from './approvals.ts';
import { type ApprovalService, planSecond } from './second-person.ts';

export interface RestoreSeparation extends ApprovalService {
  readonly promises: Pick<Promises, 'isStrict'>;
  readonly recovery: Pick<UntouchedRecovery, 'since' | 'isFresh'>;
}

export function restoreDuties(service: RestoreSeparation): RestoreDuties {
  const { promises, recovery, now } = service;
  return {
    needsSecond: () => promises.isStrict && !recovery.isFresh(now()),
    reasonOf: (stated) => readDefinitionTerms(stated, now()).reason,
    judge(wanted, { principal, reason }) {
      const why = reason === undefined ? '' : `Reason: ${reason}`;
      if (!promises.isStrict) return { state: 'given', changes: [], note: why };
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
