// What a second administrator is asked for: a change of roles, a full restore, or trust in an attestation authority. What an approval is bound to, the right that
// both people need, and the sentence that the second one reads.
import { createHash } from 'node:crypto';
import { guid, list, matching, oneOf, type Reader, record, ShapeError } from '../../formats/shape.ts';
import { type FullRestore, fullRestore } from '../backup/approved-restore.ts';
import { type TrustRequest, trustRequest } from '../release/authorities/trust-request.ts';
import { type DataAction, dataAction, findDataAction } from '../roles/data-actions.ts';
import { parseScope, type Scope } from '../roles/scope.ts';
import type { RoleRequest } from '../roles/separation-rules.ts';

export type ApprovalRequest = RoleRequest | FullRestore | TrustRequest | SeparationRequest;

/** That duties are separated from then on: the second person is who could approve everything else. */
export interface SeparationRequest {
  readonly operation: 'separateDuties';
}

/** Equal for requests that are the same in everything that an approval is bound to; definitions count by their SHA-256. */
export function bindingOf(request: ApprovalRequest): string {
  return sha256(JSON.stringify([request.operation, ...boundTo(request)]));
}

function boundTo(request: ApprovalRequest): readonly unknown[] {
  switch (request.operation) {
    case 'putAssignment': {
      const { scope, definition, principalId, expires = null } = request;
      return [scope, definition, contentHash(request), principalId, expires];
    }
    case 'putDefinition':
      return [request.replaces ?? null, contentHash(request)];
    case 'deleteDefinition':
      return [request.definition, contentHash(request)];
    case 'restore': {
      const { place, folder, manifest, instance, started, keys } = request;
      return [place, folder, manifest, instance, started, keys];
    }
    case 'trustAuthority':
      return [request.name, request.authority, request.keys, request.sha256];
    case 'separateDuties':
      return [];
  }
}

/** The right that requester and approver both need, and where. */
export function rightFor(request: ApprovalRequest): { readonly action: DataAction; readonly scope: Scope } {
  switch (request.operation) {
    case 'putAssignment':
      return { action: dataAction('roleAssignments/write/action'), scope: parseScope(request.scope) };
    case 'putDefinition':
      return { action: dataAction('roleDefinitions/write/action'), scope: parseScope('/') };
    case 'deleteDefinition':
      return { action: dataAction('roleDefinitions/delete/action'), scope: parseScope('/') };
    case 'restore':
      return { action: dataAction('restore/start/action'), scope: parseScope('/') };
    case 'trustAuthority':
    case 'separateDuties':
      return { action: dataAction('settings/write/action'), scope: parseScope('/') };
  }
}

/** One sentence for people. */
export function describeRequest(request: ApprovalRequest): string {
  switch (request.operation) {
    case 'putAssignment': {
      const end = request.expires === undefined ? '' : `, ending ${request.expires}`;
      return `Assign the role ${nameOf(request)} (${request.definition}) to ${request.principalId} at ${rightFor(request).scope.path}${end}.`;
    }
    case 'putDefinition':
      return request.replaces === undefined
        ? `Make the role definition ${nameOf(request)}.`
        : `Change the role definition ${request.replaces} to ${nameOf(request)}.`;
    case 'deleteDefinition':
      return `Delete the role definition ${nameOf(request)} (${request.definition}).`;
    case 'restore':
      return (
        `Replace everything, roles too, by the backup of '${request.instance}' of ${request.started} with ` +
        `${request.keys} keys in ${request.place}/${request.folder}: rights that were taken away since then come back.`
      );
    case 'trustAuthority':
      return (
        `Trust the attestation authority ${request.authority} as '${request.name}', ` +
        `${request.keys === 'pinned' ? 'by pinned keys' : 'by keys that are fetched from it'} (SHA-256 ${request.sha256}): ` +
        'exportable keys can leave to whomever it vouches for.'
      );
    case 'separateDuties':
      return 'Separate duties, for good: from then on nobody gives a role to themselves, administrators need each other, and applications administer nothing.';
  }
}

function nameOf({ role: { roleName } }: RoleRequest): string {
  return JSON.stringify(roleName);
}

function contentHash({ role: { roleName, description, permissions } }: RoleRequest): string {
  const rights = permissions.map(({ dataActions, notDataActions }) => [dataActions, notDataActions]);
  return sha256(JSON.stringify([roleName, description, rights]));
}

function sha256(text: string): string {
  return createHash('sha256').update(text, 'utf8').digest('base64url');
}

const anyText: Reader<string> = matching(/^[^]{0,4096}$/u, 'a text');
const actions = list(
  ((value, path) => {
    const text = anyText(value, path);
    const known = findDataAction(text);
    if (known !== text) throw new ShapeError(`${path} is no data action`);
    return known;
  }) as Reader<NonNullable<ReturnType<typeof findDataAction>>>,
  200,
);
const role = record({
  roleName: anyText,
  description: anyText,
  permissions: list(record({ dataActions: actions, notDataActions: actions }), 100),
});
const requests: Readonly<Record<ApprovalRequest['operation'], Reader<ApprovalRequest>>> = {
  putAssignment: record(
    { operation: oneOf('putAssignment'), scope: anyText, definition: guid, role, principalId: guid },
    { expires: anyText },
  ),
  putDefinition: record({ operation: oneOf('putDefinition'), role }, { replaces: guid }),
  deleteDefinition: record({ operation: oneOf('deleteDefinition'), definition: guid, role }),
  restore: fullRestore,
  trustAuthority: trustRequest,
  separateDuties: record({ operation: oneOf('separateDuties') }),
};
const operations = Object.keys(requests) as readonly ApprovalRequest['operation'][];

/** As it is kept in a record. @throws ShapeError */
export const readRequest: Reader<ApprovalRequest> = (value, path) => {
  const kept = (value as { readonly operation?: unknown } | null)?.operation;
  return requests[oneOf(...operations)(kept, `${path}.operation`)](value, path);
};
