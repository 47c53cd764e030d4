// What a full restore needs of a second person: nothing where duties are not separated, nor right after a quorum of custodians
// has recovered the HSM; otherwise an approval of exactly this backup.
import type { Change } from '../../store/sealed/records.ts';
import type { FullRestore, RestoreApproval } from '../backup/approved-restore.ts';
import type { FreshRecovery } from '../backup/fresh-recovery.ts';
import { isoSecond } from '../roles/terms.ts';
import { approvalKind, stateAt } from './approvals.ts';
import { type SecondService, secondPerson, withReason } from './second-approver.ts';

export interface RestoreSeparation extends SecondService {
  readonly recovery: Pick<FreshRecovery, 'since' | 'isFresh'>;
}

export function restoreApproval(service: RestoreSeparation): RestoreApproval {
  const { instancePolicy, recovery, now } = service;
  const { reasonOf, judge } = secondPerson<FullRestore>(service);
  return {
    needsSecond: () => instancePolicy.isStrict && !recovery.isFresh(now()),
    reasonOf,
    judge(wanted, asker) {
      const { since } = recovery;
      if (!instancePolicy.isStrict || since === undefined || !recovery.isFresh(now())) return judge(wanted, asker);
      const quorum = `No approval: custodians recovered this HSM ${isoSecond(since)}, nothing was made in it since`;
      const note = asker.reason === undefined ? quorum : withReason(`${quorum}.`, asker.reason);
      return { state: 'given', changes: [], note };
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
