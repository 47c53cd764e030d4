// Gives an identity local roles at the whole instance.
import { randomUUID } from 'node:crypto';
import { call, memberAt } from './call.ts';

const API_VERSION = '7.4';
export const CRYPTO_USER = '21dbd100-6940-42c2-9190-5d6cb909625b';
export const CRYPTO_OFFICER = '515eb02d-2335-4d2d-92f2-b1cbdf9c3778';

/** That it has the role already is as good. */
export async function assignRole(instance: string, token: string, role: string, principalId: string): Promise<void> {
  const assignments = `${instance}/providers/Microsoft.Authorization/roleAssignments`;
  const url = `${assignments}/${randomUUID()}?api-version=${API_VERSION}`;
  const { status, body } = await call(token, 'PUT', url, [201, 400], {
    properties: {
      roleDefinitionId: `Microsoft.KeyVault/providers/Microsoft.Authorization/roleDefinitions/${role}`,
      principalId,
    },
  });
  if (status === 400 && memberAt(body, 'error', 'code') !== 'MatchingRoleAssignmentExists') {
    throw new Error(`the role ${role} could not be given: ${JSON.stringify(body).slice(0, 400)}`);
  }
}
