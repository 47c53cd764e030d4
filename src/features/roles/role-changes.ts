// What the operations that change roles are given, and how their change is committed.

import type { Detail } from '../../http/entry-detail.ts';
import { ServiceError } from '../../http/service-error.ts';
import type { Change, Commit, Head } from '../../store/sealed/records.ts';
import type { Roles } from './evaluate.ts';
import type { Second, SeparationRules } from './separation-rules.ts';

export interface RoleChanges {
  readonly roles: Roles;
  /** With the caller's right: who has been revoked meanwhile cannot grant, and two administrators cannot remove each other. */
  readonly commit: Commit;
  /** Absent: duties are not separated. */
  readonly duties?: SeparationRules;
  /** Unix seconds of the instance's clock. */
  readonly now: () => number;
}

export interface Planned<T> {
  /** What is answered once the change is durable. */
  readonly result: T;
  /** Absent: all is as wanted already. */
  readonly change?: Change;
  /** What goes with the change. */
  readonly also?: readonly Change[];
  /** Whether a second person agreed; what it says is done or refused. */
  readonly second?: Second;
  /** For the record. */
  readonly note?: string;
}

/**
 * Commits what `plan` wants, which may be asked for more than once; `head` is absent when nothing changed.
 * @throws ServiceError the refusal of a change that a second person has to agree to, once that is asked for durably
 */
export async function commitRoles<T>(
  { commit }: RoleChanges,
  plan: () => Planned<T>,
): Promise<{ readonly result: T; readonly head?: Head; readonly note?: string; readonly detail?: Detail }> {
  let planned: Planned<T> | undefined;
  const head = await commit(() => {
    planned = plan();
    const { change, also = [], second } = planned;
    if (change === undefined) return [];
    return second?.state === 'asked' ? second.changes : [change, ...also, ...(second?.changes ?? [])];
  });
  if (planned === undefined) throw new Error('the commit resolved without asking for the plan');
  const { result, change, second } = planned;
  if (change === undefined) return { result };
  if (second?.state === 'asked') throw refusalWith(second, head);
  const why = second?.reason === undefined ? '' : `Reason: ${second.reason}`;
  const note = [planned.note ?? '', second?.note ?? '', why].filter((text) => text !== '').join(' ');
  return {
    result,
    head,
    ...(note === '' ? {} : { note }),
    ...(second?.detail === undefined ? {} : { detail: second.detail }),
  };
}

/** What was committed to ask for it is put on record with the refusal. */
export function refusalWith({ changes, refusal }: Second & { readonly state: 'asked' }, head: Head): ServiceError {
  if (changes.length === 0) return refusal;
  const { code, message, innerCode } = refusal;
  return new ServiceError(code, message, { head, ...(innerCode === undefined ? {} : { innerCode }) });
}
