import { randomUUID } from 'node:crypto';
import { optionWords } from '../../formats/own-command.ts';
import type { Principal } from '../../http/principal.ts';
import { part } from '../part.ts';
import type { TrustRequest } from '../release/authorities/trust-request.ts';
import type { Roles } from '../roles/evaluate.ts';
import type { SeparationRules } from '../roles/separation-rules.ts';
import type { InstancePolicy } from '../settings/instance-policy.ts';
import { Approvals, approvalKind } from './approvals.ts';
import { type RestoreSeparation, restoreApproval } from './restore-approval.ts';
import { approvalRows } from './rows.ts';
import { planSecond, secondPerson } from './second-approver.ts';

interface Needs {
  readonly config: {
    readonly profile: 'dev' | 'production';
    readonly name: string;
    readonly hostNames: readonly { readonly authority: string; readonly kind?: string }[];
  };
  readonly roles: Roles;
  readonly now: () => number;
  readonly settings: { number(name: 'StrongroomApprovalHours'): number };
  readonly instancePolicy: InstancePolicy;
  readonly recovery: RestoreSeparation['recovery'];
}

interface Service {
  readonly approvalService: RestoreSeparation & { readonly instancePolicy: InstancePolicy };
  readonly peopleUnknown: string | undefined;
}

export const approvals = part({
  kinds: [approvalKind],
  keep({ config, roles, now, settings, instancePolicy, recovery }: Needs) {
    const approvals = new Approvals();
    const approvalService = {
      approvals,
      roles,
      now,
      hours: () => settings.number('StrongroomApprovalHours'),
      newId: randomUUID,
      place: instanceOptions(config),
      instancePolicy,
      recovery,
    };
    return {
      approvals,
      approvalService,
      roleDuties: (caller: Principal): SeparationRules => ({
        isStrict: () => instancePolicy.isStrict,
        caller,
        second: (request, reason) => planSecond(request, reason, caller, approvalService),
      }),
      trustApproval: secondPerson<TrustRequest>(approvalService),
      restoreApproval: restoreApproval(approvalService),
    };
  },
  serve: ({ approvalService, peopleUnknown }: Service) => ({
    rows: approvalRows({ ...approvalService, peopleUnknown }),
  }),
});

/** In production administrators are elsewhere, where no data directory knows the name. */
function instanceOptions({ profile, name, hostNames }: Needs['config']): string {
  const host = hostNames.find(({ kind = 'hsm' }) => kind === 'hsm');
  return profile === 'production' && host !== undefined
    ? optionWords({ url: `https://${host.authority}` })
    : optionWords({ 'hsm-name': name });
}
