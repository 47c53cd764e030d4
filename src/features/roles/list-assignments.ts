// Lists role assignments seen from a scope, in pages by name.
import type { Answer } from '../../http/route.ts';
import type { Roles } from './evaluate.ts';
import { matchesFilter, readRoleFilter } from './filter.ts';
import type { Scope } from './scope.ts';
import { assignmentShape } from './shapes.ts';

/** Clients follow next links, but most lists fit one answer. */
export const ASSIGNMENTS_PER_PAGE = 500;

export interface ListAssignments {
  readonly scope: Scope;
  readonly filter: string | undefined;
  /** Name of the last assignment of the page before; absent on the first page. */
  readonly after: string | undefined;
  /** The absolute address of the page that follows the named assignment, filter included. */
  readonly nextLink: (after: string) => string;
}

/** @throws ServiceError BadParameter */
export function listAssignments(input: ListAssignments, { roles }: { readonly roles: Roles }): Answer {
  const { scope, after, nextLink } = input;
  const filter = readRoleFilter(input.filter);
  const candidates = filter.principalId === undefined ? roles.assignments() : roles.assignmentsOf(filter.principalId);
  const found = [...candidates]
    .filter(
      (assignment) => matchesFilter(filter, scope, assignment) && (after === undefined || assignment.name > after),
    )
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  const page = found.slice(0, ASSIGNMENTS_PER_PAGE);
  const last = found.length > page.length ? page[page.length - 1] : undefined;
  return {
    status: 200,
    body: { value: page.map(assignmentShape), ...(last === undefined ? {} : { nextLink: nextLink(last.name) }) },
  };
}
