// The approvals of an instance, in memory, fed by its sealed records: found by their number, or by what they are for.
import { type Follow, feeding, follow } from '../../store/sealed/follow-records.ts';
import type { Apply } from '../../store/sealed/records.ts';
import { type Approval, approvalKind } from './approval.ts';
import { type ApprovalRequest, bindingOf } from './request.ts';

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
  readonly apply: Apply = feeding(this.follows);

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
