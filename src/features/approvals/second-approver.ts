// The second administrator of a change: an approval that was given is used up by the change it was given for, and
// where there is none, one is asked for and the change is refused. Planned on the state that is committed to.

import { ownCommand } from '../../formats/own-command.ts';
import { ServiceError } from '../../http/service-error.ts';
import type { Change } from '../../store/sealed/records.ts';
import type { Roles } from '../roles/evaluate.ts';
import { effectiveActions } from '../roles/grants.ts';
import { covers } from '../roles/scope.ts';
import type { SeparationRules } from '../roles/separation-rules.ts';
import { isoSecond, readDefinitionTerms } from '../roles/terms.ts';
import type { Second, SecondPerson } from '../second-person.ts';
import type { InstancePolicy } from '../settings/instance-policy.ts';
import { type Approval, type Approvals, approvalKind, type Decision, stateAt } from './approvals.ts';
import { type ApprovalRequest, rightFor } from './request.ts';

export interface ApprovalService {
  readonly approvals: Approvals;
  readonly roles: Roles;
  /** Unix seconds of the instance's clock. */
  readonly now: () => number;
  /** How long an approval can be given, and then used. */
  readonly hours: () => number;
  /** Gives a fresh GUID. */
  readonly newId: () => string;
  /** Options by which the command finds it that another administrator is sent to. */
  readonly place: string;
}

export interface SecondService extends ApprovalService {
  readonly instancePolicy: Pick<InstancePolicy, 'isStrict'>;
}

/** Of one requester, not decided yet. */
export const MAX_PENDING = 50;
/** In all; those that are over go first. */
export const MAX_APPROVALS = 2000;
/** How long one that is over is shown. The log keeps what happened for ever. */
const SHOWN_SECONDS = 30 * 86_400;

/** What others ask a second person for: nothing where duties are not separated. */
export function secondPerson<Wanted extends ApprovalRequest>(service: SecondService): SecondPerson<Wanted> {
  return {
    reasonOf: (grantHeaders) => readDefinitionTerms(grantHeaders, service.now()).reason,
    judge(wanted, { principal, reason }) {
      if (!service.instancePolicy.isStrict) return { state: 'given', changes: [], note: withReason('', reason) };
      const second = planSecond(wanted, reason, principal, service);
      return second.state === 'asked' ? second : { ...second, note: withReason(second.note, reason) };
    },
  };
}

/** For the record. */
export function withReason(note: string, reason: string | undefined): string {
  return [note, reason === undefined ? '' : `Reason: ${reason}`].filter((text) => text !== '').join(' ');
}

/** @throws ServiceError Conflict when too many wait */
export function planSecond(
  request: ApprovalRequest,
  reason: string | undefined,
  caller: SeparationRules['caller'],
  service: ApprovalService,
): Second {
  const { approvals, roles, hours, newId } = service;
  const now = service.now();
  const own = approvals.for(request, caller.oid);
  for (const [id, approval] of own) {
    const { decision } = approval;
    if (stateAt(approval, now) !== 'approved' || decision === undefined) continue;
    if (!stillHolds(decision, request, roles, now)) continue;
    const { by, reason: agreed } = decision;
    return {
      state: 'given',
      changes: [approvalKind.put(id, { ...approval, state: 'used' })],
      reason: approval.reason ?? agreed,
      note: `Approved by ${by.oid} (approval ${id}: ${agreed}).`,
      detail: { approval: id, approvedBy: by.oid },
    };
  }
  const pending = own.find(([, approval]) => stateAt(approval, now) === 'pending');
  if (pending !== undefined)
    return { state: 'asked', changes: [], refusal: required(pending[0], pending[1], service.place) };
  const id = newId().toLowerCase();
  const asked: Approval = {
    request,
    requester: { oid: caller.oid, ...(caller.upn === undefined ? {} : { upn: caller.upn }) },
    requestedAt: Math.floor(now),
    expiresAt: Math.floor(now) + hours() * 3600,
    ...(reason === undefined ? {} : { reason }),
    state: 'pending',
  };
  const changes = [...planRoom(caller.oid, now, approvals), approvalKind.put(id, asked)];
  return { state: 'asked', changes, refusal: required(id, asked, service.place) };
}

/** An approval is worth what the right of its approver is worth now: it ends with that, whoever is given a role by its name. */
function stillHolds({ grant, principalId }: Decision, request: ApprovalRequest, roles: Roles, now: number): boolean {
  const { action, scope } = rightFor(request);
  const assignment = roles.assignment(grant);
  const role = assignment === undefined ? undefined : roles.definition(assignment.definition);
  if (assignment === undefined || role === undefined || assignment.principalId !== principalId) return false;
  const hasEnded = assignment.expiresAt !== undefined && assignment.expiresAt <= now;
  return !hasEnded && covers(assignment.scope, scope) && effectiveActions(role).includes(action);
}

function required(id: string, { expiresAt, request }: Approval, place: string): ServiceError {
  const why = request.operation === 'separateDuties' ? 'Two people separate duties' : 'Duties are separated here';
  return new ServiceError(
    'Forbidden',
    `${why}: a second administrator has to approve this. It waits as approval ${id} until ` +
      `${isoSecond(expiresAt)}. Another administrator runs: ` +
      `${ownCommand(`approval approve ${id} --reason 'why'${place} --as az`)}. Then ` +
      'repeat this request as it is; it succeeds once',
    { innerCode: 'ApprovalRequired' },
  );
}

/** Removes what is over: all that nobody needs to see, and more when there is no room. @throws ServiceError Conflict */
function planRoom(requester: string, now: number, approvals: Approvals): readonly Change[] {
  const all = approvals.list();
  const isOpen = (approval: Approval): boolean => ['pending', 'approved'].includes(stateAt(approval, now));
  const waiting = all.filter(([, each]) => each.requester.oid === requester && stateAt(each, now) === 'pending');
  if (waiting.length >= MAX_PENDING) throw full(`${MAX_PENDING} of your requests wait for an approval already`);
  // Oldest first.
  const over = all.filter(([, each]) => !isOpen(each)).reverse();
  const tooMany = all.length + 1 - MAX_APPROVALS;
  if (tooMany > over.length) throw full(`${MAX_APPROVALS} approvals are open, the most there can be`);
  return over
    .filter(([, { expiresAt }], n) => expiresAt + SHOWN_SECONDS <= now || n < tooMany)
    .map(([id]) => approvalKind.remove(id));
}

function full(message: string): ServiceError {
  return new ServiceError('Conflict', `${message}; withdraw some, or have them decided`);
}
