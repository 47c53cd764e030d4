// The body of a role assignment PUT: which role, to whom. The scope is the path's.
import { isGuid } from '../../formats/guid.ts';
import { readOptionalText, readText } from '../../http/body.ts';
import type { JsonObject } from '../../http/route.ts';
import { ServiceError } from '../../http/service-error.ts';
import { readProperties, rejectUnknownMembers } from './read-members.ts';
import { parseScope, type Scope } from './scope.ts';

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
    throw new ServiceError(
      'BadParameter',
      "Property 'roleDefinitionId' must be Microsoft.KeyVault/providers/Microsoft.Authorization/roleDefinitions/{guid}",
    );
  }
  const principalId = readText(properties, 'principalId');
  if (!isGuid(principalId)) {
    throw new ServiceError(
      'BadParameter',
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
