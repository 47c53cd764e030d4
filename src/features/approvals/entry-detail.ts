// What the log says of an approval: who asked for what.
import type { Detail } from '../../http/entry-detail.ts';
import { isAdministrativeRole } from '../roles/data-actions.ts';
import { effectiveActions } from '../roles/grants.ts';
import type { Approval } from './approval.ts';
import type { ApprovalRequest } from './request.ts';
import { rightFor } from './request.ts';

/** @param approval absent: there is none of that id */
export function approvalDetail(id: string, approval: Approval | undefined): Detail {
  if (approval === undefined) return { approval: id };
  const { request, requester } = approval;
  return {
    approval: id,
    requestedBy: requester.oid,
    requestedOperation: request.operation,
    ...requestDetail(request),
  };
}

function requestDetail(request: ApprovalRequest): Detail {
  switch (request.operation) {
    case 'putAssignment': {
      const { definition, principalId, expires } = request;
      const scope = rightFor(request).scope.path;
      return { roleDefinitionId: definition, ...roleOf(request), principalId, scope, expires };
    }
    case 'putDefinition':
      return { roleDefinitionId: request.replaces, ...roleOf(request) };
    case 'deleteDefinition':
      return { roleDefinitionId: request.definition, ...roleOf(request) };
    case 'restore':
      return { storage: request.place, folder: request.folder };
    case 'trustAuthority':
      return { authorityName: request.name, authority: request.authority, keysHash: request.sha256 };
    case 'separateDuties':
      return {};
  }
}

function roleOf({ role }: Extract<ApprovalRequest, { readonly role: unknown }>): Detail {
  return { roleName: role.roleName, administrative: isAdministrativeRole(effectiveActions(role)) };
}
