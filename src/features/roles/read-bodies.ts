// Closed objects in role bodies. A member that we don't know may be meant to narrow a right (a condition, an end date),
// so it is refused rather than left out. One that is empty narrows nothing.

import { isGuid } from '../../formats/guid.ts';
import { printableLine } from '../../formats/printable.ts';
import { readOptionalText, readOptionalTextList, readText, wrongType } from '../../http/body.ts';
import { isAbsent, isUnset } from '../../http/lenient-body.ts';
import type { JsonObject } from '../../http/route.ts';
import { badParameter } from '../../http/service-error.ts';
import { type DataAction, findDataAction } from './data-actions.ts';
import type { RoleContent } from './role-records.ts';
import { parseScope, type Scope } from './scope.ts';

/** @throws ServiceError BadParameter naming the first member that is not in the list */
function rejectUnknownMembers(object: JsonObject, path: string, known: readonly string[]): void {
  const spare = Object.keys(object).find((name) => !known.includes(name) && !isAbsent(object[name]));
  if (spare === undefined) return;
  throw badParameter(`Property '${path}${clip(spare)}' is not supported; remove it (supported: ${known.join(', ')})`);
}

/** The object `properties` of the body. @throws ServiceError BadParameter */
function readProperties(body: JsonObject): JsonObject {
  rejectUnknownMembers(body, '', ['id', 'name', 'type', 'properties']);
  const properties = Object.hasOwn(body, 'properties') ? body.properties : undefined;
  if (isUnset(properties)) throw badParameter("Property 'properties' is required");
  if (typeof properties !== 'object' || Array.isArray(properties)) {
    throw badParameter("Property 'properties' must be an object");
  }
  return properties as JsonObject;
}

/** What a client sent, short enough for a message. */
function clip(text: string): string {
  return text.length > 128 ? `${text.slice(0, 128)}…` : text;
}

// The body of a role assignment PUT: which role, to whom. The scope is the path's.

export interface AssignmentBody {
  /** GUID of the definition, lower case. */
  readonly definition: string;
  readonly principalId: string;
  /** Named again by some clients; must then be the path's. */
  readonly scope: Scope | undefined;
  /** What the client takes the principal for. */
  readonly principalType: string | undefined;
}

const DEFINITION_ID =
  /^\/?Microsoft\.KeyVault\/providers\/Microsoft\.Authorization\/roleDefinitions\/([0-9a-f-]{36})$/i;

/** @throws ServiceError BadParameter naming the property */
export function readAssignmentBody(body: JsonObject): AssignmentBody {
  const properties = readProperties(body);
  rejectUnknownMembers(properties, 'properties.', ['roleDefinitionId', 'principalId', 'principalType', 'scope']);
  const definition = DEFINITION_ID.exec(readText(properties, 'roleDefinitionId'))?.[1];
  if (definition === undefined || !isGuid(definition)) {
    throw badParameter(
      "Property 'roleDefinitionId' must be Microsoft.KeyVault/providers/Microsoft.Authorization/roleDefinitions/{guid}",
    );
  }
  const principalId = readText(properties, 'principalId');
  if (!isGuid(principalId)) {
    throw badParameter(
      "Property 'principalId' must be the GUID (object id) of a user, group or application, not its name or client id",
    );
  }
  const scope = readOptionalText(properties, 'scope');
  return {
    definition: definition.toLowerCase(),
    principalId: principalId.toLowerCase(),
    scope: scope === undefined ? undefined : parseScope(scope),
    principalType: readOptionalText(properties, 'principalType'),
  };
}

// The body of a role definition PUT. As clients of the service send it, every property may be absent: the name and the
// description are empty then, and the role grants nothing.

const MAX_ROLE_NAME = 512;
const MAX_DESCRIPTION = 2048;
const MAX_PERMISSIONS = 16;

/** @throws ServiceError BadParameter naming the property */
export function readDefinitionBody(body: JsonObject): RoleContent {
  const properties = readProperties(body);
  rejectUnknownMembers(properties, 'properties.', [
    'roleName',
    'description',
    'type',
    'permissions',
    'assignableScopes',
  ]);
  checkType(properties);
  checkAssignableScopes(properties);
  return {
    roleName: readRoleName(properties),
    description: boundedText(properties, 'description', MAX_DESCRIPTION),
    permissions: readPermissions(properties.permissions),
  };
}

/** It is shown in lists, refusals and explanations, where nothing in it may pass for a line of theirs. */
function readRoleName(properties: JsonObject): string {
  const name = boundedText(properties, 'roleName', MAX_ROLE_NAME);
  if (printableLine(name) === name) return name;
  throw badParameter("Property 'roleName' must be one line, without control or format characters");
}

function boundedText(properties: JsonObject, name: string, max: number): string {
  const text = readOptionalText(properties, name) ?? '';
  if (text.length > max) throw badParameter(`Property '${name}' must be at most ${max} characters`);
  if (!text.isWellFormed()) throw badParameter(`Property '${name}' is not well-formed Unicode`);
  return text;
}

function checkType(properties: JsonObject): void {
  const type = readOptionalText(properties, 'type');
  if (type !== undefined && type.toLowerCase() !== 'customrole') {
    throw badParameter("Property 'type' must be 'CustomRole': built-in roles cannot be made");
  }
}

function checkAssignableScopes(properties: JsonObject): void {
  const scopes = readOptionalTextList(properties, 'assignableScopes');
  if (scopes !== undefined && !(scopes.length === 1 && scopes[0] === '/')) {
    throw badParameter(
      `Property 'assignableScopes' must be ["/"]: a role can be assigned at any scope, and each assignment names its own`,
    );
  }
}

function readPermissions(value: unknown): RoleContent['permissions'] {
  if (isAbsent(value)) return [];
  if (!Array.isArray(value)) throw wrongType('permissions', 'a list of objects');
  if (value.length > MAX_PERMISSIONS) {
    throw badParameter(`Property 'permissions' must have at most ${MAX_PERMISSIONS} items`);
  }
  return value.map(readPermission);
}

function readPermission(value: unknown): RoleContent['permissions'][number] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw wrongType('permissions', 'a list of objects');
  }
  const permission = value as JsonObject;
  rejectUnknownMembers(permission, 'permissions.', ['actions', 'notActions', 'dataActions', 'notDataActions']);
  rejectActions(permission, 'actions');
  rejectActions(permission, 'notActions');
  return {
    dataActions: readActions(permission, 'dataActions'),
    notDataActions: readActions(permission, 'notDataActions'),
  };
}

/** Actions of the management plane: accepted when empty, as clients send them. */
function rejectActions(permission: JsonObject, name: 'actions' | 'notActions'): void {
  if ((readOptionalTextList(permission, name) ?? []).length === 0) return;
  throw badParameter(
    `Property '${name}' must be empty: local roles have no authority in the management plane; use dataActions`,
  );
}

function readActions(permission: JsonObject, name: 'dataActions' | 'notDataActions'): DataAction[] {
  const actions = (readOptionalTextList(permission, name) ?? []).map((text) => {
    const action = findDataAction(text);
    if (action !== undefined) return action;
    throw badParameter(
      `Property '${name}' has the unknown data action '${clip(text)}'; list each action by its full name, ` +
        'wildcards are not supported (the built-in role definitions show the names)',
    );
  });
  return [...new Set(actions)];
}
