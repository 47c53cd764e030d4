import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ARM_ROLES, allows } from './access/role-definitions.ts';
import { holdsAt, scopeOf } from './access/scope.ts';
import { createDevResources, OWNER, parseResources, printResources, ResourcesError } from './resources.ts';

const ID = '6f1f3a52-9d1c-4f0b-8a55-0f6f5f6b9a10';
const TIME = '2026-11-25T08:00:00.000Z';
const fresh = createDevResources(ID, ID, [ID], { newGuid: () => ID, now: 0 });

test('a file of the first release is taken over: roles, HSMs and what was deleted', () => {
  const hsm = {
    name: 'dev',
    resourceGroup: 'rg',
    location: 'local',
    sku: { family: 'B', name: 'Standard_B1' },
    tags: {},
    initialAdministrators: [ID],
    softDeleteRetentionInDays: 7,
    purgeProtection: true,
    state: 'Succeeded',
    createdBy: 'a',
    createdByType: 'User',
    createdAt: TIME,
    modifiedBy: 'a',
    modifiedByType: 'User',
    modifiedAt: TIME,
  };
  const first = {
    version: 1,
    tenantId: ID,
    subscriptionId: ID,
    subscriptionName: 's',
    roleAssignments: [
      { principalId: ID, role: 'Owner' },
      { principalId: ID, role: 'Reader' },
    ],
    resourceGroups: [{ name: 'rg', location: 'local', tags: {} }],
    managedHsms: [hsm],
    deletedHsms: [{ hsm: { ...hsm, name: 'gone' }, deletedAt: TIME }],
    operations: [{ id: ID, kind: 'create', hsm: 'dev' }],
  };
  const read = parseResources(JSON.stringify(first));
  assert.deepEqual(
    read.roleAssignments.map(({ role, scope }) => [role, scope]),
    [
      [OWNER, `/subscriptions/${ID}`],
      ['acdd72a7-3385-48ef-bd42-f606fba81ae7', `/subscriptions/${ID}`],
    ],
  );
  assert.equal(read.managedHsms[0]?.networkAcls.defaultAction, 'Allow');
  assert.deepEqual([read.deletedHsms[0]?.hsm.purgeProtection, read.deletedHsms[0]?.purging], [true, false]);
  assert.deepEqual(parseResources(printResources(read)), read);
});

test('scopes of files of before are compared as those of now, in whatever case a name was percent-encoded', () => {
  const scope = scopeOf(fresh, { group: 'Ärzte', hsm: 'H-1' });
  const before = scope.replace('%c3%a4', '%c3%84');
  assert.notEqual(before, scope);
  const [assignment] = fresh.roleAssignments;
  const file = (at: string) =>
    printResources({ ...fresh, roleAssignments: [{ ...(assignment as object), scope: at }] as never });
  assert.equal(parseResources(file(before)).roleAssignments[0]?.scope, scope);
  assert.equal(scopeOf(fresh, { group: 'ärzte', hsm: 'h-1' }), scope);
  assert.throws(() => parseResources(file(`${scope}/%zz`)), /roleAssignments\[0\]\.scope must be a scope/);
});

test('a file that is none of ours is refused with the member that is wrong', () => {
  for (const [change, message] of [
    [{ version: 3 }, /version must be one of: 2/],
    [{ surprise: 1 }, /unknown member "surprise"/],
    [{ roleAssignments: [{ principalId: ID, role: 'Owner' }] }, /roleAssignments\[0\]/],
    [{ version: 1, roleAssignments: [{ principalId: ID, role: 'King' }] }, /role must be a GUID/],
  ] as const) {
    const json = JSON.stringify({ ...fresh, ...change });
    assert.throws(
      () => parseResources(json),
      (error) => error instanceof ResourcesError && message.test(error.message),
    );
  }
});

test('no role of the management plane has anything of the data plane in it', () => {
  for (const role of ARM_ROLES) assert.equal('dataActions' in role, false);
  const [owner, contributor, reader, hsm] = ARM_ROLES;
  assert.ok(owner && contributor && reader && hsm);
  assert.ok(allows(contributor, 'Microsoft.KeyVault/managedHSMs/write'));
  assert.ok(!allows(contributor, 'microsoft.authorization/roleassignments/WRITE'));
  assert.ok(!allows(reader, 'Microsoft.KeyVault/managedHSMs/keys/write'));
  assert.ok(!allows(hsm, 'Microsoft.KeyVault/managedHSMsX/write'));
});

test('a scope holds at itself and below, and nothing that only begins like it', () => {
  const scope = scopeOf(fresh, { group: 'RG' });
  assert.ok(holdsAt(scope, scope) && holdsAt(scope, scopeOf(fresh, { group: 'rg', hsm: 'x' })));
  assert.ok(!holdsAt(scope, scopeOf(fresh, { group: 'rg2' })) && !holdsAt(scope, scopeOf(fresh, {})));
  assert.ok(!holdsAt(scopeOf(fresh, { group: 'a/b' }), scopeOf(fresh, { group: 'a' })));
  assert.ok(!holdsAt(scopeOf(fresh, { group: 'a' }), scopeOf(fresh, { group: 'a/b' })));
});
