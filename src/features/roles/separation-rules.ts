// What a change of roles needs where duties are separated. Rules, on the state that the change is made on; who the second
// person is and how they agree is not known here (`SeparationRules.second`).

import { ownCommand } from '../../formats/own-command.ts';
import type { Principal } from '../../http/principal.ts';
import { ServiceError } from '../../http/service-error.ts';
import type { Second } from '../second-person.ts';
import { isAdministrativeRole } from './data-actions.ts';
import { effectiveActions } from './grants.ts';
import { contentOf, type RoleContent, type RoleDefinition } from './role-records.ts';
import { foldedScope, type Scope } from './scope.ts';
import type { Terms } from './terms.ts';

/** What a second administrator agrees to: exactly this, by exactly this caller. */
export type RoleRequest =
  | {
      readonly operation: 'putAssignment';
      /** Folded. */
      readonly scope: string;
      readonly definition: string;
      /** What the role is at that time. */
      readonly role: RoleContent;
      readonly principalId: string;
      readonly expires?: string | undefined;
    }
  /** `replaces`: the definition that is rewritten. A new one has no name here: clients make up another at every try. */
  | { readonly operation: 'putDefinition'; readonly replaces?: string | undefined; readonly role: RoleContent }
  | { readonly operation: 'deleteDefinition'; readonly definition: string; readonly role: RoleContent };

export interface SeparationRules {
  /** As it is now. */
  readonly isStrict: () => boolean;
  readonly caller: Pick<Principal, 'oid' | 'groups' | 'groupsLeftOut' | 'upn'>;
  readonly second: (request: RoleRequest, reason: string | undefined) => Second;
}

interface WantedGrant {
  readonly scope: Scope;
  readonly definition: RoleDefinition;
  readonly principalId: string;
  /** As the client says it; the instance itself knows no directory. */
  readonly principalType: string | undefined;
  readonly terms: Terms;
}

/** @throws ServiceError Forbidden (SelfGrant, ApplicationGrant, ReasonRequired) */
export function judgeGrant(
  { scope, definition, principalId, principalType, terms: { reason, expires } }: WantedGrant,
  duties: SeparationRules | undefined,
): Second {
  if (duties?.isStrict() !== true) return allowed(reason);
  if (principalId === duties.caller.oid || duties.caller.groups.includes(principalId)) throw selfGrant();
  const isAdministrative = isAdministrativeRole(effectiveActions(definition));
  // Without the groups of the token it cannot be told whether this gives the role to the caller.
  if (!isAdministrative && duties.caller.groupsLeftOut !== true) {
    if (reason === undefined) throw reasonRequired();
    return allowed(reason);
  }
  if (isAdministrative && principalType?.toLowerCase() === 'serviceprincipal') {
    throw new ServiceError(
      'Forbidden',
      `'${definition.roleName}' has rights of an administrator, and an application can have none of them here`,
      { innerCode: 'ApplicationGrant' },
    );
  }
  const role = { definition: definition.name, role: contentOf(definition) };
  return duties.second(
    { operation: 'putAssignment', scope: foldedScope(scope), ...role, principalId, expires },
    reason,
  );
}

/** Every write or deletion of a role definition: it changes what all who have the role may do. */
export function judgeDefinition(
  request: RoleRequest,
  reason: string | undefined,
  duties: SeparationRules | undefined,
): Second {
  return duties?.isStrict() === true ? duties.second(request, reason) : allowed(reason);
}

function allowed(reason: string | undefined): Second {
  return { state: 'given', changes: [], note: '', reason };
}

export function selfGrant(): ServiceError {
  return new ServiceError(
    'Forbidden',
    'Duties are separated here: nobody gives a role to themselves, nor to a group that they are in; ask another administrator',
    { innerCode: 'SelfGrant' },
  );
}

function reasonRequired(): ServiceError {
  return new ServiceError(
    'Forbidden',
    'Duties are separated here: every grant says why it is made. Say it in one of three ways: the header ' +
      'x-strongroom-reason; for az and the SDKs of Python, ' +
      `eval "$(${ownCommand("reason 'why'")})" before the same command; for other clients, the user agent token ` +
      'strongroom-reason/{base64url of the text}',
    { innerCode: 'ReasonRequired' },
  );
}
