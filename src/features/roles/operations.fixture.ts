// For tests of the operations: bodies as clients send them, and an instance in memory with one administrator.
import assert from 'node:assert/strict';
import { ServiceError } from '../../http/service-error.ts';
import { planInitialAssignments } from './administrators.ts';
import { putDefinition } from './definitions.ts';
import { putAssignment } from './put-assignment.ts';
import { readAssignmentBody, readDefinitionBody } from './read-bodies.ts';
import { type MemoryRecords, memoryRecords } from './records.fixture.ts';
import type { RoleChanges } from './role-changes.ts';
import { parseScope } from './scope.ts';

export const ADMIN = 'aaaaaaaa-0000-4000-8000-000000000001';
export const FIRST_ASSIGNMENT = 'ffffffff-0000-4000-8000-000000000000';
export const CRYPTO_USER = '21dbd100-6940-42c2-9190-5d6cb909625b';
export const ADMINISTRATOR = 'a290e904-7015-4bba-90c8-60543313cdb4';
export const DEFINITIONS = 'Microsoft.KeyVault/providers/Microsoft.Authorization/roleDefinitions/';
export const READ_KEYS = 'Microsoft.KeyVault/managedHsm/keys/read/action';

export function guid(n: number): string {
  return `00000000-0000-4000-8000-${n.toString(16).padStart(12, '0')}`;
}

export interface Instance extends MemoryRecords {
  readonly changes: RoleChanges;
  putDefinition(name: string, properties: object, scope?: string): ReturnType<typeof putDefinition>;
  assign(name: string, definition: string, principalId: string, scope?: string): ReturnType<typeof putAssignment>;
}

export async function instance(): Promise<Instance> {
  const memory = memoryRecords();
  const changes: RoleChanges = {
    roles: memory.roles,
    commit: (plan) => memory.records.update(plan),
    now: () => 1_800_000_000,
  };
  await memory.records.update(() =>
    planInitialAssignments({ administrators: [ADMIN], newGuid: () => FIRST_ASSIGNMENT }, memory),
  );
  return Object.assign(memory, {
    changes,
    putDefinition: async (name: string, properties: object, scope = '/') =>
      putDefinition(
        { scope: parseScope(scope), name, body: readDefinitionBody({ properties }), grantHeaders: {} },
        changes,
      ),
    assign: async (name: string, definition: string, principalId: string, scope = '/') => {
      const properties = { roleDefinitionId: DEFINITIONS + definition, principalId };
      return putAssignment(
        { scope: parseScope(scope), name, body: readAssignmentBody({ properties }), grantHeaders: {} },
        changes,
      );
    },
  });
}

/** Refused with this code and a text that says this. */
export async function refuses(code: string, text: RegExp, act: () => unknown): Promise<void> {
  await assert.rejects(
    async () => act(),
    (error) => {
      assert.ok(error instanceof ServiceError, String(error));
      assert.equal(error.code, code);
      assert.match(error.message, text);
      return true;
    },
  );
}
