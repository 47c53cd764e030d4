// One approval, and the sealed record that it is kept in: what somebody wants to do, and what a second administrator said to it.
import { guid, integer, matching, oneOf, type Reader, record, ShapeError } from '../../formats/shape.ts';
import { type RecordKind, recordKind } from '../../store/sealed/record-kind.ts';
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

const anyText: Reader<string> = matching(/^[^]{0,4096}$/u, 'a text');
const time = integer(0, Number.MAX_SAFE_INTEGER);
const person = record({ oid: guid }, { upn: anyText });

export const approvalKind: RecordKind<Approval> = recordKind<Approval>({
  of: 'approvals/',
  id: /^[0-9a-f-]{36}$/,
  about: 'What somebody wants to do, and what a second administrator said to it',
  travels: 'stays',
  members: {
    request: readRequest,
    requester: person,
    requestedAt: time,
    expiresAt: time,
    state: oneOf('pending', 'approved', 'rejected', 'withdrawn', 'used'),
  },
  optional: {
    reason: anyText,
    decision: record({ by: person, at: time, reason: anyText, grant: guid }, { principalId: guid }),
  },
  check({ state, decision }) {
    const isDecided = state === 'approved' || state === 'rejected' || state === 'used';
    if (isDecided && decision === undefined) throw new ShapeError('it was decided by nobody');
  },
});
