// The approvals of an instance: sealed records, of what somebody wants to do and what a second administrator said to it; and
// all of them in memory, found by their number, or by what they are for.
import { guid, integer, matching, oneOf, type Reader, record, ShapeError } from '../../formats/shape.ts';
import { type Follow, follow } from '../../store/sealed/follow-records.ts';
import { recordKind, type ValueOf } from '../../store/sealed/record-kind.ts';
import { type ApprovalRequest, bindingOf, readRequest } from './request.ts';

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

export class Approvals {
  readonly #all = new Map<string, Approval>();
  readonly #bindings = new Map<string, string>();

  readonly follows: readonly Follow[] = [
    follow(approvalKind, (id, approval) => {
      this.#all.delete(id);
      this.#bindings.delete(id);
      if (approval === undefined) return;
      this.#all.set(id, approval);
      this.#bindings.set(id, bindingOf(approval.request));
    }),
  ];

  get size(): number {
    return this.#all.size;
  }

  get(id: string): Approval | undefined {
    return this.#all.get(id);
  }

  /** Newest first. */
  list(): readonly (readonly [id: string, Approval])[] {
    return [...this.#all].sort(([a, { requestedAt: one }], [b, { requestedAt: other }]) =>
      one === other ? (a < b ? -1 : 1) : other - one,
    );
  }

  /** Those that this caller asked for, for this very request; newest first. */
  for(request: ApprovalRequest, requester: string): readonly (readonly [id: string, Approval])[] {
    const wanted = bindingOf(request);
    return this.list().filter(
      ([id, approval]) => approval.requester.oid === requester && this.#bindings.get(id) === wanted,
    );
  }
}

/** What it is at this time; a state that only others see: `expired`. */
export function stateAt(approval: Approval, now: number): Approval['state'] | 'expired' {
  const isOpen = approval.state === 'pending' || approval.state === 'approved';
  return isOpen && approval.expiresAt <= now ? 'expired' : approval.state;
}
