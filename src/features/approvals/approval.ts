// One approval as it is kept, in the sealed record `approvals/{id}`: what somebody wants to do, and what a second administrator
// said to it. Decoding is strict: the store refuses forged records, so one that does not read is a defect.
import { guid, integer, matching, oneOf, type Reader, record, type ShapeError } from '../../formats/shape.ts';
import { StoreError } from '../../store/port.ts';
import type { Change } from '../../store/sealed/records.ts';
import { type ApprovalRequest, readRequest } from './request.ts';

export interface Approval {
  readonly request: ApprovalRequest;
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
  /** Whom that assignment was made to: clients choose names, and one that was deleted can be taken again. Absent: as kept before. */
  readonly principalId?: string;
}

export const APPROVAL_PREFIX = 'approvals/';

export function approvalChange(id: string, approval: Approval | null): Change {
  const value = approval === null ? null : Buffer.from(JSON.stringify(approval), 'utf8');
  return { name: APPROVAL_PREFIX + id, value };
}

const anyText: Reader<string> = matching(/^[^]{0,4096}$/u, 'a text');
const time = integer(0, Number.MAX_SAFE_INTEGER);
const person = record({ oid: guid }, { upn: anyText });
const shape: Reader<Approval> = record(
  {
    request: readRequest,
    requester: person,
    requestedAt: time,
    expiresAt: time,
    state: oneOf('pending', 'approved', 'rejected', 'withdrawn', 'used'),
  },
  { reason: anyText, decision: record({ by: person, at: time, reason: anyText, grant: guid }, { principalId: guid }) },
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
