// Gives an identity local roles at the whole instance.
import { randomUUID } from 'node:crypto';
import { call } from './call.ts';

const API_VERSION = '7.4';
export const CRYPTO_USER = '21dbd100-6940-42c2-9190-5d6cb909625b';
export const CRYPTO_OFFICER = '515eb02d-2335-4d2d-92f2-b1cbdf9c3778';

/** That it has the role already is as good. */
export async function assignRole(instance: string, token: string, role: string, principalId: string): Promise<void> {
  const assignments = `${instance}/providers/Microsoft.Authorization/roleAssignments`;
  await call(token, 'PUT', `${assignments}/${randomUUID()}?api-version=${API_VERSION}`, [201, 409], {
    properties: {
      roleDefinitionId: `Microsoft.KeyVault/providers/Microsoft.Authorization/roleDefinitions/${role}`,
      principalId,
    },
  });
}
