// One approval as it is kept, in the sealed record `approvals/{id}`: what somebody wants to do with roles, and what a second
// administrator said to it. Decoding is strict: the store refuses forged records, so one that does not read is a defect.
import { createHash } from 'node:crypto';
import { guid, integer, list, matching, oneOf, type Reader, record, type ShapeError } from '../../formats/shape.ts';
import { StoreError } from '../../store/port.ts';
import type { Change } from '../../store/sealed/records.ts';
import { findDataAction } from '../roles/data-actions.ts';
import type { RoleRequest } from '../roles/duties.ts';

export interface Approval {
  readonly request: RoleRequest;
  readonly requester: Person;
  /** Unix seconds. */
  readonly requestedAt: number;
  /** It is good for nothing from then on. */
  readonly expiresAt: number;
  /** The requester's. */
  readonly reason?: string;
  readonly state: 'pending' | 'approved' | 'rejected' | 'withdrawn' | 'used';
  /** Who approved or rejected it. */
  readonly decision?: Decision;
}

export interface Person {
  /** Object id, lower case. */
  readonly oid: string;
  /** As the token said it; for people to read. */
  readonly upn?: string;
}

export interface Decision {
  readonly by: Person;
  readonly at: number;
  readonly reason: string;
  /** Name of the role assignment that let the approver decide: an approval is worth what that is. */
  readonly grant: string;
}

export const APPROVAL_PREFIX = 'approvals/';

export function approvalChange(id: string, approval: Approval | null): Change {
  const value = approval === null ? null : Buffer.from(JSON.stringify(approval), 'utf8');
  return { name: APPROVAL_PREFIX + id, value };
}

/** Equal for requests that are the same in everything that an approval is bound to; definitions count by their SHA-256. */
export function bindingOf(request: RoleRequest): string {
  const { permissions, roleName, description } = request.role;
  const role = sha256(
    JSON.stringify([
      roleName,
      description,
      permissions.map(({ dataActions, notDataActions }) => [dataActions, notDataActions]),
    ]),
  );
  switch (request.operation) {
    case 'putAssignment': {
      const { operation, scope, definition, principalId, expires = null } = request;
      return sha256(JSON.stringify([operation, scope, definition, role, principalId, expires]));
    }
    case 'putDefinition':
      return sha256(JSON.stringify([request.operation, request.replaces ?? null, role]));
    case 'deleteDefinition':
      return sha256(JSON.stringify([request.operation, request.definition, role]));
  }
}

function sha256(text: string): string {
  return createHash('sha256').update(text, 'utf8').digest('base64url');
}

const anyText: Reader<string> = matching(/^[^]{0,4096}$/u, 'a text');
const actions = list(
  ((value, path) => {
    const text = anyText(value, path);
    const known = findDataAction(text);
    if (known !== text) throw new StoreError('Damaged', `${path} is no data action`);
    return known;
  }) as Reader<NonNullable<ReturnType<typeof findDataAction>>>,
  200,
);
const role = record({
  roleName: anyText,
  description: anyText,
  permissions: list(record({ dataActions: actions, notDataActions: actions }), 100),
});
const requests: Readonly<Record<RoleRequest['operation'], Reader<RoleRequest>>> = {
  putAssignment: record(
    { operation: oneOf('putAssignment'), scope: anyText, definition: guid, role, principalId: guid },
    { expires: anyText },
  ),
  putDefinition: record({ operation: oneOf('putDefinition'), role }, { replaces: guid }),
  deleteDefinition: record({ operation: oneOf('deleteDefinition'), definition: guid, role }),
};
const request: Reader<RoleRequest> = (value, path) => {
  const operation = oneOf(
    'putAssignment',
    'putDefinition',
    'deleteDefinition',
  )((value as { readonly operation?: unknown } | null)?.operation, `${path}.operation`);
  return requests[operation](value, path);
};
const time = integer(0, Number.MAX_SAFE_INTEGER);
const person = record({ oid: guid }, { upn: anyText });
const shape: Reader<Approval> = record(
  {
    request,
    requester: person,
    requestedAt: time,
    expiresAt: time,
    state: oneOf('pending', 'approved', 'rejected', 'withdrawn', 'used'),
  },
  { reason: anyText, decision: record({ by: person, at: time, reason: anyText, grant: guid }) },
);

/** @throws StoreError Damaged */
export function decodeApproval(id: string, value: Uint8Array): Approval {
  try {
    const approval = shape(JSON.parse(Buffer.from(value).toString('utf8')), 'approval');
    const isDecided = approval.state === 'approved' || approval.state === 'rejected' || approval.state === 'used';
    if (isDecided && approval.decision === undefined) throw new StoreError('Damaged', 'it was decided by nobody');
    return approval;
  } catch (cause) {
    throw new StoreError('Damaged', `the record of approval ${id} does not read`, { cause: cause as ShapeError });
  }
}
