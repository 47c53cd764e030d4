// Role definitions and assignments as they are kept: `role-definition/{guid}` and `role-assignment/{guid}`, JSON.
// Decoding is strict: the store refuses forged records, so one that does not read is a defect and stops the service.
import { isGuid } from '../../formats/guid.ts';
import { type DataAction, findDataAction } from './data-actions.ts';
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

export interface RoleAssignment {
  /** GUID, lower case. */
  readonly name: string;
  readonly scope: Scope;
  /** GUID of the definition. It may have been deleted since: such an assignment grants nothing. */
  readonly definition: string;
  /** Object id of a user, group or application, lower case. */
  readonly principalId: string;
  /** Unix seconds from which on it grants nothing; absent: it does not end by itself. */
  readonly expiresAt?: number;
  /** Why it was made, in the words of who made it. */
  readonly reason?: string;
}

/** Characters of a reason. */
export const MAX_REASON = 500;

export class RoleRecordError extends Error {
  override readonly name = 'RoleRecordError';
}

export const DEFINITION_PREFIX = 'role-definition/';
export const ASSIGNMENT_PREFIX = 'role-assignment/';

export function encodeDefinition({ roleName, description, permissions }: RoleDefinition): Buffer {
  return Buffer.from(JSON.stringify({ roleName, description, permissions }), 'utf8');
}

export function encodeAssignment({ scope, definition, principalId, expiresAt, reason }: RoleAssignment): Buffer {
  return Buffer.from(JSON.stringify({ scope: scope.path, definition, principalId, expiresAt, reason }), 'utf8');
}

/** @throws RoleRecordError */
export function decodeDefinition(name: string, value: Uint8Array): RoleDefinition {
  const { roleName, description, permissions } = membersOf(name, value, ['roleName', 'description', 'permissions']);
  if (typeof roleName !== 'string' || typeof description !== 'string' || !Array.isArray(permissions)) throw bad(name);
  return { name, roleName, description, type: 'CustomRole', permissions: permissions.map(permission) };

  function permission(stored: unknown): Permission {
    const { dataActions, notDataActions } = checkMembers(name, stored, ['dataActions', 'notDataActions']);
    return { dataActions: actions(dataActions), notDataActions: actions(notDataActions) };
  }
  function actions(stored: unknown): DataAction[] {
    if (!Array.isArray(stored)) throw bad(name);
    return stored.map((text: unknown) => {
      const action = typeof text === 'string' ? findDataAction(text) : undefined;
      if (action === undefined || action !== text) throw bad(name);
      return action;
    });
  }
}

/** @throws RoleRecordError */
export function decodeAssignment(name: string, value: Uint8Array): RoleAssignment {
  const members = membersOf(name, value, ['scope', 'definition', 'principalId'], ['expiresAt', 'reason']);
  const { scope, definition, principalId, expiresAt, reason } = members;
  if (typeof scope !== 'string' || typeof definition !== 'string' || typeof principalId !== 'string') throw bad(name);
  if (!isStoredGuid(definition) || !isStoredGuid(principalId)) throw bad(name);
  if (expiresAt !== undefined && !Number.isSafeInteger(expiresAt)) throw bad(name);
  if (reason !== undefined && (typeof reason !== 'string' || reason === '' || reason.length > MAX_REASON))
    throw bad(name);
  return {
    name,
    scope: storedScope(name, scope),
    definition,
    principalId,
    ...(expiresAt === undefined ? {} : { expiresAt: expiresAt as number }),
    ...(reason === undefined ? {} : { reason }),
  };
}

/** The GUID after the prefix. @throws RoleRecordError */
export function recordGuid(recordName: string, prefix: string): string {
  const guid = recordName.slice(prefix.length);
  if (!isStoredGuid(guid)) throw bad(recordName);
  return guid;
}

function storedScope(name: string, path: string): Scope {
  let scope: Scope;
  try {
    scope = parseScope(path);
  } catch (cause) {
    throw bad(name, cause);
  }
  if (scope.path !== path) throw bad(name);
  return scope;
}

function isStoredGuid(text: string): boolean {
  return isGuid(text) && text === text.toLowerCase();
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function membersOf<K extends string, O extends string = never>(
  name: string,
  value: Uint8Array,
  members: readonly K[],
  optional: readonly O[] = [],
): Record<K | O, unknown> {
  let stored: unknown;
  try {
    stored = JSON.parse(utf8.decode(value));
  } catch (cause) {
    throw bad(name, cause);
  }
  return checkMembers(name, stored, members, optional);
}

function checkMembers<K extends string, O extends string = never>(
  name: string,
  stored: unknown,
  members: readonly K[],
  optional: readonly O[] = [],
): Record<K | O, unknown> {
  if (typeof stored !== 'object' || stored === null || Array.isArray(stored)) throw bad(name);
  const known: readonly string[] = [...members, ...optional];
  const isWhole = members.every((member) => Object.hasOwn(stored, member));
  if (!isWhole || !Object.keys(stored).every((member) => known.includes(member))) throw bad(name);
  return stored as Record<K | O, unknown>;
}

function bad(name: string, cause?: unknown): RoleRecordError {
  return new RoleRecordError(`the role record ${name} does not read`, { cause });
}
