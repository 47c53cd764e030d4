// Role definitions and assignments, and the sealed record that an assignment is kept in.

import { isGuid } from '../../formats/guid.ts';
import { integer, matching, type Reader, ShapeError, text } from '../../formats/shape.ts';
import { ServiceError } from '../../http/service-error.ts';
import { recordKind, type ValueOf } from '../../store/sealed/record-kind.ts';
import type { Change } from '../../store/sealed/records.ts';
import type { DataAction } from './data-actions.ts';
import { parseScope, type Scope } from './scope.ts';

export interface Permission {
  readonly dataActions: readonly DataAction[];
  readonly notDataActions: readonly DataAction[];
}

export interface RoleDefinition {
  /** GUID, lower case. */
  readonly name: string;
  readonly roleName: string;
  readonly description: string;
  readonly type: 'AKVBuiltInRole' | 'CustomRole';
  readonly permissions: readonly Permission[];
}

export interface RoleAssignment extends Omit<ValueOf<typeof assignmentKind>, 'scope'> {
  /** GUID, lower case. */
  readonly name: string;
  readonly scope: Scope;
}

/** Characters of a reason. */
export const MAX_REASON = 500;

export const GUID: RegExp = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const storedGuid: Reader<string> = matching(GUID, 'a GUID in lower case');

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

// Names of definitions and assignments in paths: GUIDs, compared in lower case.

/** Of what is to be made. @throws ServiceError BadParameter */
export function requireRoleGuid(name: string, what: 'Role definition' | 'Role assignment'): string {
  if (!isGuid(name)) throw new ServiceError('BadParameter', `${what} name must be a GUID`);
  return name.toLowerCase();
}
