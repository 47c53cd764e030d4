// What a second administrator is asked for: a change of roles, a full restore, or trust in an attestation authority. Of each kind
// of request: how it is kept, what an approval of it is bound to, the right that both people need, the sentence that the second
// one reads, and what the log has of it.
import { hash } from 'node:crypto';
import { guid, list, matching, oneOf, type Reader, record, ShapeError } from '../../formats/shape.ts';
import type { Detail } from '../../http/entry-detail.ts';
import { type FullRestore, fullRestore } from '../backup/approved-restore.ts';
import { type TrustRequest, trustRequest } from '../release/authorities/trust-request.ts';
import { type DataAction, dataAction, findDataAction, isAdministrativeRole } from '../roles/data-actions.ts';
import { effectiveActions } from '../roles/grants.ts';
import { parseScope, type Scope } from '../roles/scope.ts';
import type { RoleRequest } from '../roles/separation-rules.ts';

/** That duties are separated from then on: the second person is who could approve everything else. */
interface SeparationRequest {
  readonly operation: 'separateDuties';
}
export type ApprovalRequest = RoleRequest | FullRestore | TrustRequest | SeparationRequest;
type Operation = ApprovalRequest['operation'];

interface Kind<R> {
  /** As it is kept in a record. */
  readonly read: Reader<R>;
  readonly action: Parameters<typeof dataAction>[0];
  /** Where that is needed; absent: `/`. */
  readonly scope?: (request: R) => string;
  /** All that an approval is bound to; definitions count by their SHA-256. */
  readonly bound: (request: R) => readonly unknown[];
  readonly describe: (request: R) => string;
  readonly detail: (request: R) => Detail;
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

const kinds: { readonly [O in Operation]: Kind<Extract<ApprovalRequest, { readonly operation: O }>> } = {
  putAssignment: {
    read: record(
      { operation: oneOf('putAssignment'), scope: anyText, definition: guid, role, principalId: guid },
      { expires: anyText },
    ),
    action: 'roleAssignments/write/action',
    scope: ({ scope }) => scope,
    bound: (request) => {
      const { scope, definition, principalId, expires = null } = request;
      return [scope, definition, contentHash(request), principalId, expires];
    },
    describe(request) {
      const end = request.expires === undefined ? '' : `, ending ${request.expires}`;
      return `Assign the role ${nameOf(request)} (${request.definition}) to ${request.principalId} at ${rightFor(request).scope.path}${end}.`;
    },
    detail(request) {
      const { definition, principalId, expires } = request;
      const scope = rightFor(request).scope.path;
      return { roleDefinitionId: definition, ...roleOf(request), principalId, scope, expires };
    },
  },
  putDefinition: {
    read: record({ operation: oneOf('putDefinition'), role }, { replaces: guid }),
    action: 'roleDefinitions/write/action',
    bound: (request) => [request.replaces ?? null, contentHash(request)],
    describe: (request) =>
      request.replaces === undefined
        ? `Make the role definition ${nameOf(request)}.`
        : `Change the role definition ${request.replaces} to ${nameOf(request)}.`,
    detail: (request) => ({ roleDefinitionId: request.replaces, ...roleOf(request) }),
  },
  deleteDefinition: {
    read: record({ operation: oneOf('deleteDefinition'), definition: guid, role }),
    action: 'roleDefinitions/delete/action',
    bound: (request) => [request.definition, contentHash(request)],
    describe: (request) => `Delete the role definition ${nameOf(request)} (${request.definition}).`,
    detail: (request) => ({ roleDefinitionId: request.definition, ...roleOf(request) }),
  },
  restore: {
    read: fullRestore,
    action: 'restore/start/action',
    bound: ({ place, folder, manifest, instance, started, keys }) => [place, folder, manifest, instance, started, keys],
    describe: ({ instance, started, keys, place, folder }) =>
      `Replace everything, roles too, by the backup of '${instance}' of ${started} with ` +
      `${keys} keys in ${place}/${folder}: rights that were taken away since then come back.`,
    detail: ({ place, folder }) => ({ storage: place, folder }),
  },
  trustAuthority: {
    read: trustRequest,
    action: 'settings/write/action',
    bound: ({ name, authority, keys, sha256: content }) => [name, authority, keys, content],
    describe: ({ name, authority, keys, sha256: content }) =>
      `Trust the attestation authority ${authority} as '${name}', ` +
      `${keys === 'pinned' ? 'by pinned keys' : 'by keys that are fetched from it'} (SHA-256 ${content}): ` +
      'exportable keys can leave to whomever it vouches for.',
    detail: ({ name, authority, sha256: keysHash }) => ({ authorityName: name, authority, keysHash }),
  },
  separateDuties: {
    read: record({ operation: oneOf('separateDuties') }),
    action: 'settings/write/action',
    bound: () => [],
    describe: () =>
      'Separate duties, for good: from then on nobody gives a role to themselves, administrators need each other, and applications administer nothing.',
    detail: () => ({}),
  },
};

function kindOf<R extends ApprovalRequest>({ operation }: R): Kind<R> {
  return kinds[operation] as unknown as Kind<R>;
}

/** As it is kept in a record. @throws ShapeError */
export const readRequest: Reader<ApprovalRequest> = (value, path) => {
  const kept = (value as { readonly operation?: unknown } | null)?.operation;
  return kinds[oneOf(...(Object.keys(kinds) as Operation[]))(kept, `${path}.operation`)].read(value, path);
};

/** Equal for requests that are the same in everything that an approval is bound to. */
export function bindingOf(request: ApprovalRequest): string {
  return hash('sha256', JSON.stringify([request.operation, ...kindOf(request).bound(request)]), 'base64url');
}

/** The right that requester and approver both need, and where. */
export function rightFor(request: ApprovalRequest): { readonly action: DataAction; readonly scope: Scope } {
  const { action, scope } = kindOf(request);
  return { action: dataAction(action), scope: parseScope(scope?.(request) ?? '/') };
}

/** One sentence for people. */
export function describeRequest(request: ApprovalRequest): string {
  return kindOf(request).describe(request);
}

/** What the log says of it. */
export function requestDetail(request: ApprovalRequest): Detail {
  return kindOf(request).detail(request);
}

function nameOf({ role: { roleName } }: RoleRequest): string {
  return JSON.stringify(roleName);
}

function roleOf({ role: content }: RoleRequest): Detail {
  return { roleName: content.roleName, administrative: isAdministrativeRole(effectiveActions(content)) };
}

function contentHash({ role: { roleName, description, permissions } }: RoleRequest): string {
  const rights = permissions.map(({ dataActions, notDataActions }) => [dataActions, notDataActions]);
  return hash('sha256', JSON.stringify([roleName, description, rights]), 'base64url');
}
