import assert from 'node:assert/strict';
import { it } from 'node:test';
import { builtInRoles } from './built-in-roles.ts';
import { dataActions, findDataAction } from './data-actions.ts';
import { definitionShape } from './shapes.ts';

// The matrix of the service as its live definitions have it, written as a table: rows are data actions.
const COLUMNS = ['Ad', 'CO', 'CU', 'PA', 'SE', 'SR', 'BK', 'RS', 'AU', 'AR', 'SA'] as const;
const ROLES: Readonly<Record<(typeof COLUMNS)[number], readonly [name: string, guid: string]>> = {
  Ad: ['Managed HSM Administrator', 'a290e904-7015-4bba-90c8-60543313cdb4'],
  CO: ['Managed HSM Crypto Officer', '515eb02d-2335-4d2d-92f2-b1cbdf9c3778'],
  CU: ['Managed HSM Crypto User', '21dbd100-6940-42c2-9190-5d6cb909625b'],
  PA: ['Managed HSM Policy Administrator', '4bd23610-cdcf-4971-bdee-bdc562cc28e4'],
  SE: ['Managed HSM Crypto Service Encryption User', '33413926-3206-4cdd-b39a-83574fe37a17'],
  SR: ['Managed HSM Crypto Service Release User', '21dbd100-6940-42c2-9190-5d6cb909625c'],
  BK: ['Managed HSM Backup User', '7b127d3c-77bd-4e3e-bbe0-dbb8971fa7f8'],
  RS: ['Managed HSM Restore User', '6efe6056-5259-49d2-8b3d-d3d73544b20b'],
  AU: ['Managed HSM Crypto Auditor', '2c18b078-7c48-4d3a-af88-5a3a1b3f82b3'],
  AR: ['Managed HSM ARM User', '770fd66c-6266-4643-9d4e-b616870898d5'],
  SA: ['Strongroom Auditor', '9e0b1f5a-3c52-4a8e-8d0c-5f1d7a64b2c9'],
};
const MATRIX = `
  securitydomain/download/action   Ad
  securitydomain/download/read     Ad
  securitydomain/upload/action     Ad
  securitydomain/upload/read       Ad
  securitydomain/transferkey/read  Ad
  keys/read/action                 CU SE AU AR
  keys/write/action                CU
  keys/rotate/action               CU
  keys/create                      CU
  keys/createIfNotExists           AR
  keys/delete                      CU
  keys/import/action               CU
  keys/release/action              CU SR
  keys/export/action               CO
  keys/backup/action               CU BK
  keys/restore/action              CU RS
  keys/deletedKeys/read/action     CO AU
  keys/deletedKeys/recover/action  CO
  keys/deletedKeys/delete          CO
  keys/encrypt/action              CU
  keys/decrypt/action              CU
  keys/sign/action                 CU
  keys/verify/action               CU
  keys/wrap/action                 CU SE
  keys/unwrap/action               CU SE
  keys/derive/action               CU
  rng/action                       CU
  roleAssignments/read/action      Ad CO CU PA AU
  roleAssignments/write/action     Ad CO PA
  roleAssignments/delete/action    Ad CO PA
  roleDefinitions/read/action      Ad CO CU PA AU
  roleDefinitions/write/action     Ad CO PA
  roleDefinitions/delete/action    Ad CO PA
  backup/start/action              Ad BK
  backup/status/action             Ad BK
  restore/start/action             Ad RS
  restore/status/action            Ad RS
  settings/read/action             Ad
  settings/write/action            Ad
  strongroom/audit/read/action     SA
`;
const rows = MATRIX.trim()
  .split('\n')
  .map((line) => {
    const [action = '', ...holders] = line.trim().split(/ +/);
    return { action: `Microsoft.KeyVault/managedHsm/${action}`, holders };
  });

it('the table covers every data action once', () => {
  assert.deepEqual(rows.map(({ action }) => action).sort(), [...dataActions].sort());
});

for (const column of COLUMNS) {
  const [roleName, guid] = ROLES[column];
  it(`${roleName} has its id and exactly its data actions`, () => {
    const role = builtInRoles.find(({ name }) => name === guid);
    assert.equal(role?.roleName, roleName);
    assert.equal(role?.type, 'AKVBuiltInRole');
    const wanted = rows.filter(({ holders }) => holders.includes(column)).map(({ action }) => action);
    const [permission, ...rest] = role?.permissions ?? [];
    assert.deepEqual(rest, []);
    assert.deepEqual([...(permission?.dataActions ?? [])].sort(), wanted.sort());
    assert.deepEqual(permission?.notDataActions, []);
  });
}

it('they come in the order of the service, so that who takes the first takes no administrator, and ours behind them', () => {
  assert.deepEqual(
    builtInRoles.map(({ name }) => name),
    (['RS', 'BK', 'SE', 'SR', 'AU', 'PA', 'CU', 'CO', 'AR', 'Ad', 'SA'] as const).map((column) => ROLES[column][1]),
  );
});

it('what the ARM User holds is shown under actions, what the others hold under dataActions', () => {
  for (const role of builtInRoles) {
    const { properties } = definitionShape(role) as { properties: { permissions: Record<string, unknown>[] } };
    const { dataActions = [] } = role.permissions[0] ?? {};
    const isArmUser = role.name === ROLES.AR[1];
    assert.deepEqual(properties.permissions, [
      {
        actions: isArmUser ? dataActions : [],
        notActions: [],
        dataActions: isArmUser ? [] : dataActions,
        notDataActions: [],
      },
    ]);
  }
});

it('there are no other built-in roles', () => {
  assert.deepEqual(
    builtInRoles.map(({ name }) => name).sort(),
    Object.values(ROLES)
      .map(([, guid]) => guid)
      .sort(),
  );
});

it('nobody but Crypto Officer can purge; Administrator can use, read and make no key', () => {
  const holders = (short: string): string[] =>
    builtInRoles
      .filter(({ permissions }) => permissions.some((p) => p.dataActions.some((action) => action.endsWith(short))))
      .map(({ roleName }) => roleName);
  assert.deepEqual(holders('/keys/deletedKeys/delete'), ['Managed HSM Crypto Officer']);
  const administrator = builtInRoles.find(({ roleName }) => roleName === 'Managed HSM Administrator');
  assert.ok(!administrator?.permissions[0]?.dataActions.some((action) => action.includes('/keys/')));
});

it('data actions are found in any casing and given back as listed', () => {
  for (const action of dataActions) {
    assert.equal(findDataAction(action.toUpperCase()), action);
    assert.equal(findDataAction(action.toLowerCase()), action);
  }
  for (const text of ['', '*', 'Microsoft.KeyVault/managedHsm/*', 'keys/read/action', '__proto__', 'constructor']) {
    assert.equal(findDataAction(text), undefined);
  }
});
