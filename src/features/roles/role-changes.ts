// What the operations that change roles are given, and how their change is committed.

import { given } from '../../formats/given.ts';
import type { Answer, GrantHeaders } from '../../http/route.ts';
import type { Change, Commit } from '../../store/sealed/records.ts';
import { commitAgreed, type Second } from '../second-person.ts';
import type { Roles } from './evaluate.ts';
import type { Scope } from './scope.ts';
import type { SeparationRules } from './separation-rules.ts';

export interface RoleChanges {
  readonly roles: Roles;
  /** With the caller's right: who has been revoked meanwhile cannot grant, and two administrators cannot remove each other. */
  readonly commit: Commit;
  /** Absent: duties are not separated. */
  readonly duties?: SeparationRules;
  /** Unix seconds of the instance's clock. */
  readonly now: () => number;
}

/** A definition or an assignment as a path names it. */
export interface Named {
  readonly scope: Scope;
  readonly name: string;
}

export interface Put<Body> extends Named {
  readonly body: Body;
  readonly grantHeaders: GrantHeaders;
}

interface Planned<T> {
  /** What is answered once the change is durable. */
  readonly result: T;
  /** None: all is as wanted already. */
  readonly changes: readonly Change[];
  /** Whether a second person agreed; what it says is done or refused. */
  readonly second?: Second;
  /** For the record. */
  readonly note?: string | undefined;
}

/**
 * Commits what `plan` wants, which may be asked for more than once; `head` is absent when nothing changed.
 * @throws ServiceError the refusal of a change that a second person has to agree to, once that is asked for durably
 */
export async function commitRoles<T>(
  { commit }: RoleChanges,
  plan: () => Planned<T>,
): Promise<Pick<Answer, 'head' | 'note' | 'detail'> & { readonly result: T }> {
  const planned = await commitAgreed(commit, plan);
  const { result, changes, second, head } = planned;
  if (changes.length === 0) return { result };
  const why = second?.reason === undefined ? '' : `Reason: ${second.reason}`;
  const notes = [planned.note ?? '', second?.note ?? '', why].filter((text) => text !== '');
  return { result, head, ...given({ note: notes.join(' ') || undefined, detail: second?.detail }) };
}
