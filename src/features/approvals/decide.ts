// What people do with an approval that waits: another administrator approves or rejects it, its requester withdraws it.
// Planned on the state that is committed to.

import type { Principal } from '../../http/principal.ts';
import { ServiceError } from '../../http/service-error.ts';
import type { Change } from '../../store/sealed/records.ts';
import { administrationOf, lastingAdministrations } from '../roles/administrators.ts';
import type { Roles } from '../roles/evaluate.ts';
import type { RoleAssignment } from '../roles/role-records.ts';
import { selfGrant } from '../roles/separation-rules.ts';
import { type Approval, approvalKind, stateAt } from './approvals.ts';
import { rightFor } from './request.ts';
import type { ApprovalService } from './second-approver.ts';

type Decider = Pick<Principal, 'oid' | 'groups' | 'groupsLeftOut' | 'idType' | 'upn'>;

/** @throws ServiceError NotFound, Conflict, Forbidden (PersonRequired, SelfApproval, SelfGrant, GroupsLeftOut), AccessDenied */
export function planDecision(
  id: string,
  verdict: 'approved' | 'rejected',
  reason: string,
  { decider, service }: { readonly decider: Decider; readonly service: ApprovalService },
): readonly Change[] {
  const now = service.now();
  const approval = requirePending(id, service, now);
  const { request } = approval;
  if (decider.idType !== 'user') {
    throw refused('PersonRequired', 'Approvals are given by people; the caller is an application');
  }
  if (decider.oid === approval.requester.oid) {
    throw refused('SelfApproval', 'Who asked for an approval cannot give it; another administrator can');
  }
  if (request.operation === 'putAssignment' && verdict === 'approved') {
    const { principalId } = request;
    if (principalId === decider.oid || decider.groups.includes(principalId)) throw selfGrant();
    if (decider.groupsLeftOut === true) {
      throw refused(
        'GroupsLeftOut',
        'The issuer left the groups out of your token because there are too many, so it cannot be told whether the role is given ' +
          'to one of yours: have it send only the groups assigned to the application, or let another administrator approve',
      );
    }
  }
  const { action, scope } = rightFor(request);
  const grant =
    request.operation === 'separateDuties'
      ? requireAdministration(decider, service.roles).name
      : service.roles.isAllowed(decider, action, scope)?.grant;
  if (grant === undefined) {
    throw new ServiceError(
      'AccessDenied',
      `Not authorized to decide on approval ${id}: principal ${decider.oid} does not hold ${action} on ${scope.path} itself`,
    );
  }
  const principalId = service.roles.assignment(grant)?.principalId;
  const by = { oid: decider.oid, ...(decider.upn === undefined ? {} : { upn: decider.upn }) };
  const decided: Approval = {
    ...approval,
    state: verdict,
    // The requester has as long again to use it.
    expiresAt: verdict === 'approved' ? Math.floor(now) + service.hours() * 3600 : approval.expiresAt,
    decision: { by, at: Math.floor(now), reason, grant, ...(principalId === undefined ? {} : { principalId }) },
  };
  return [approvalKind.put(id, decided)];
}

/** Each of the two who separate duties can approve what the other wants for as long as nobody takes the role away. @throws ServiceError Conflict */
export function requireAdministration(caller: Pick<Principal, 'oid' | 'groups'>, roles: Roles): RoleAssignment {
  const found = administrationOf(caller, lastingAdministrations(roles));
  if (found !== undefined) return found;
  throw new ServiceError(
    'Conflict',
    "Duties are separated by two people who both have 'Managed HSM Administrator' at '/' without an end, as they will need each " +
      `other; principal ${caller.oid} has not`,
  );
}

/** One that is approved and not used yet can be withdrawn too. @throws ServiceError NotFound, Conflict, Forbidden */
export function planWithdrawal(id: string, caller: string, service: ApprovalService): readonly Change[] {
  const approval = requireApproval(id, service);
  if (approval.requester.oid !== caller) {
    throw refused('NotRequester', 'Only who asked for an approval withdraws it; others reject it');
  }
  const state = stateAt(approval, service.now());
  if (state !== 'pending' && state !== 'approved') throw isOver(id, state);
  return [approvalKind.put(id, { ...approval, state: 'withdrawn' })];
}

/** @throws ServiceError NotFound */
export function requireApproval(id: string, { approvals }: Pick<ApprovalService, 'approvals'>): Approval {
  const approval = approvals.get(id.toLowerCase());
  if (approval === undefined) throw new ServiceError('NotFound', 'There is no approval with this id');
  return approval;
}

function requirePending(id: string, service: ApprovalService, now: number): Approval {
  const approval = requireApproval(id, service);
  const state = stateAt(approval, now);
  if (state !== 'pending') throw isOver(id, state);
  return approval;
}

function isOver(id: string, state: string): ServiceError {
  const anew = state === 'expired' ? '; its requester repeats the request, which makes a new one' : '';
  return new ServiceError('Conflict', `Approval ${id} is ${state} already${anew}`);
}

function refused(innerCode: string, message: string): ServiceError {
  return new ServiceError('Forbidden', message, { innerCode });
}
