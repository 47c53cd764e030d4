import type { Answer } from '../../http/route.ts';
import { ServiceError } from '../../http/service-error.ts';
import type { Roles } from './evaluate.ts';
import type { RoleDefinition } from './role-records.ts';
import { definitionShape } from './shapes.ts';

/** @throws ServiceError RoleDefinitionNotFound */
export function getDefinition({ name }: { readonly name: string }, { roles }: { readonly roles: Roles }): Answer {
  return { status: 200, body: definitionShape(requireDefinition(roles, name)) };
}

/** A name that is no GUID is the name of none. @throws ServiceError RoleDefinitionNotFound */
export function requireDefinition(roles: Roles, name: string): RoleDefinition {
  const definition = roles.definition(name.toLowerCase());
  if (definition === undefined) {
    throw new ServiceError('RoleDefinitionNotFound', 'Requested role definition not found');
  }
  return definition;
}
