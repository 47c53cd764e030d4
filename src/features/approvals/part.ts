import { randomUUID } from 'node:crypto';
import { optionWords } from '../../formats/own-command.ts';
import type { Principal } from '../../http/principal.ts';
import { part } from '../part.ts';
import type { Duties } from '../roles/duties.ts';
import type { Roles } from '../roles/evaluate.ts';
import type { Promises } from '../settings/promises.ts';
import { approvalKind } from './approval.ts';
import { Approvals } from './approvals.ts';
import { type RestoreSeparation, restoreDuties } from './restore-duties.ts';
import { approvalRows } from './rows.ts';
import { planSecond } from './second-person.ts';
import { trustDuties } from './trust-duties.ts';

interface Needs {
  readonly config: {
    readonly profile: 'dev' | 'production';
    readonly name: string;
    readonly hostNames: readonly { readonly authority: string; readonly kind?: string }[];
  };
  readonly roles: Roles;
  readonly now: () => number;
  readonly settings: { number(name: 'StrongroomApprovalHours'): number };
  readonly promises: Promises;
  readonly recovery: RestoreSeparation['recovery'];
}

interface Service {
  readonly approvalService: RestoreSeparation & { readonly promises: Promises };
  readonly peopleUnknown: string | undefined;
}

export const approvals = part({
  kinds: [approvalKind],
  keep({ config, roles, now, settings, promises, recovery }: Needs) {
    const approvals = new Approvals();
    const approvalService = {
      approvals,
      roles,
      now,
      hours: () => settings.number('StrongroomApprovalHours'),
      newId: randomUUID,
      place: placeOf(config),
      promises,
      recovery,
    };
    return {
      approvals,
      approvalService,
      roleDuties: (caller: Principal): Duties => ({
        isStrict: () => promises.isStrict,
        caller,
        second: (request, reason) => planSecond(request, reason, caller, approvalService),
      }),
      trustDuties: trustDuties(approvalService),
      restoreDuties: restoreDuties(approvalService),
    };
  },
  serve: ({ approvalService, peopleUnknown }: Service) => ({
    rows: approvalRows({ ...approvalService, peopleUnknown }),
  }),
});

/** In production administrators are elsewhere, where no data directory knows the name. */
function placeOf({ profile, name, hostNames }: Needs['config']): string {
  const host = hostNames.find(({ kind = 'hsm' }) => kind === 'hsm');
  return profile === 'production' && host !== undefined
    ? optionWords({ url: `https://${host.authority}` })
    : optionWords({ 'hsm-name': name });
}
