// One approval, and the sealed record that it is kept in: what somebody wants to do, and what a second administrator said to it.
import { guid, integer, matching, oneOf, type Reader, record, ShapeError } from '../../formats/shape.ts';
import { recordKind, type ValueOf } from '../../store/sealed/record-kind.ts';
import { readRequest } from './request.ts';

export type Approval = ValueOf<typeof approvalKind>;
const anyText: Reader<string> = matching(/^[^]{0,4096}$/u, 'a text');
const time = integer(0, Number.MAX_SAFE_INTEGER);
/** `upn`: as the token said it; for people to read. */
const person = record({ oid: guid }, { upn: anyText });
export type Person = ReturnType<typeof person>;
const decision = record(
  {
    by: person,
    at: time,
    reason: anyText,
    /** Name of the role assignment that let the approver decide: an approval is worth what that is. */
    grant: guid,
  },
  {
    /** Whom that assignment was made to: clients choose names, and one that was deleted can be taken again. Absent: as kept before. */
    principalId: guid,
  },
);
export type Decision = ReturnType<typeof decision>;

const members = {
  request: readRequest,
  requester: person,
  /** Unix seconds. */
  requestedAt: time,
  /** It is good for nothing from then on. */
  expiresAt: time,
  state: oneOf('pending', 'approved', 'rejected', 'withdrawn', 'used'),
};
const optional = {
  /** The requester's. */
  reason: anyText,
  decision,
};

export const approvalKind = recordKind({
  of: 'approvals/',
  id: /^[0-9a-f-]{36}$/,
  about: 'What somebody wants to do, and what a second administrator said to it',
  travels: 'stays',
  members,
  optional,
  check({ state, decision }) {
    const isDecided = state === 'approved' || state === 'rejected' || state === 'used';
    if (isDecided && decision === undefined) throw new ShapeError('it was decided by nobody');
  },
});
