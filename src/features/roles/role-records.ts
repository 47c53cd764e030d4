// Role definitions and assignments, and the sealed records that they are kept in, by their GUIDs. Built-in roles have none.

import { isGuid } from '../../formats/guid.ts';
import { integer, list, matching, type Reader, record, ShapeError, text } from '../../formats/shape.ts';
import { badParameter } from '../../http/service-error.ts';
import { recordKind, type ValueOf } from '../../store/sealed/record-kind.ts';
import type { Change } from '../../store/sealed/records.ts';
import { isBuiltIn } from './built-in-roles.ts';
import { type DataAction, findDataAction } from './data-actions.ts';
import { parseScope, type Scope } from './scope.ts';

/** What a role is, whatever it is called by programs. */
export type RoleContent = ValueOf<typeof definitionKind>;

export interface RoleDefinition extends RoleContent {
  /** GUID, lower case. */
  readonly name: string;
  readonly type: 'AKVBuiltInRole' | 'CustomRole';
}

export interface RoleAssignment extends Omit<ValueOf<typeof assignmentKind>, 'scope'> {
  /** GUID, lower case. */
  readonly name: string;
  readonly scope: Scope;
}

/** Characters of a reason. */
export const MAX_REASON = 500;

const GUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const storedGuid = matching(GUID, 'a GUID in lower case');

const actions: Reader<readonly DataAction[]> = list((value, path) => {
  const action = findDataAction(text(value, path));
  if (action === undefined || action !== value) throw new ShapeError(`${path} must be a data action`);
  return action;
});

export const definitionKind = recordKind({
  of: 'role-definition/',
  id: GUID,
  about: 'A custom role definition',
  travels: 'text',
  members: {
    roleName: text,
    description: text,
    permissions: list(record({ dataActions: actions, notDataActions: actions })),
  },
  check(_: unknown, name) {
    if (isBuiltIn(name)) throw new ShapeError('it has the name of a built-in role');
  },
});

export const assignmentKind = recordKind({
  of: 'role-assignment/',
  id: GUID,
  about: 'A role assignment, with its end and reason where it has them',
  travels: 'text',
  members: {
    scope: readScope,
    /** It may have been deleted since: such an assignment grants nothing. */
    definition: storedGuid,
    /** Object id of a user, group or application. */
    principalId: storedGuid,
  },
  optional: {
    /** Unix seconds from which on it grants nothing; absent: it does not end by itself. */
    expiresAt: integer(Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER),
    /** Why it was made, in the words of who made it. */
    reason: matching(new RegExp(`^[^]{1,${MAX_REASON}}$`), `of 1 to ${MAX_REASON} characters`),
  },
});

export function contentOf({ roleName, description, permissions }: RoleContent): RoleContent {
  return { roleName, description, permissions };
}

export function definitionChange(role: RoleDefinition): Change {
  return definitionKind.put(role.name, contentOf(role));
}

export function assignmentChange({ name, scope, ...rest }: RoleAssignment): Change & { readonly value: Uint8Array } {
  return assignmentKind.put(name, { scope: scope.path, ...rest });
}

/** As it was answered when it was made: one spelling of each. */
function readScope(value: unknown, path: string): string {
  const written = text(value, path);
  if (scopePathOf(written) !== written) throw new ShapeError(`${path} must be a scope`);
  return written;
}

function scopePathOf(written: string): string | undefined {
  try {
    return parseScope(written).path;
  } catch {
    // What is no scope is refused by the name of its member.
    return undefined;
  }
}

/** The name of what is to be made: a GUID, compared in lower case. @throws ServiceError BadParameter */
export function requireRoleGuid(name: string, what: 'Role definition' | 'Role assignment'): string {
  if (!isGuid(name)) throw badParameter(`${what} name must be a GUID`);
  return name.toLowerCase();
}
