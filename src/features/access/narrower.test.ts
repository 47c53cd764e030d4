import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { builtInRoles } from '../roles/built-in-roles.ts';
import { dataAction, dataActions } from '../roles/data-actions.ts';
import type { RoleDefinition } from '../roles/role-records.ts';
import { covers, KEYS_SCOPE, keyScope, parseScope, ROOT_SCOPE } from '../roles/scope.ts';
import { narrowerGrant } from './narrower.ts';

const scope = fc.constantFrom(ROOT_SCOPE, KEYS_SCOPE, keyScope('a'), keyScope('B'));
const custom = (name: string, actions: readonly (typeof dataActions)[number][]): RoleDefinition => ({
  ...{ name, roleName: name, description: '', type: 'CustomRole' },
  permissions: [{ dataActions: actions, notDataActions: [] }],
});
const held = fc.oneof(
  fc.constantFrom(...builtInRoles),
  fc.subarray([...dataActions], { minLength: 1 }).map((actions) => custom('held', actions)),
);

test('whatever was used, what would have done covers all of it and is never broader than the grant', () => {
  let narrowed = 0;
  fc.assert(
    fc.property(held, scope, fc.array(fc.record({ at: fc.nat(), scope })), fc.boolean(), (role, at, picks, hasOwn) => {
      const actions = role.permissions.flatMap((each) => each.dataActions);
      const used = picks
        .filter((pick) => covers(at, pick.scope))
        .map((pick) => ({ dataAction: actions[pick.at % actions.length] ?? '', scope: pick.scope.path }));
      const definitions = [...builtInRoles, ...(hasOwn ? [custom('own', actions.slice(0, 3)), role] : [role])];
      const found = narrowerGrant({ actions, scope: at, definition: role.name }, used, definitions);
      if (used.length === 0) return assert.equal(found, undefined);
      if (found === undefined) return;
      narrowed += 1;
      const given = parseScope(found.scope);
      for (const each of used) {
        assert.ok(found.dataActions.some((action) => action === each.dataAction));
        assert.ok(covers(given, parseScope(each.scope)));
      }
      assert.ok(covers(at, given) && found.dataActions.every((action) => actions.includes(action)));
      assert.ok(found.dataActions.length < actions.length || !covers(given, at), 'it is narrower');
    }),
  );
  assert.ok(narrowed > 10);
});

test('a role that there is goes before one that has to be made; what the grant does not give says nothing', () => {
  const user = builtInRoles.find(({ roleName }) => roleName === 'Managed HSM Crypto User') ?? assert.fail();
  const actions = user.permissions.flatMap((each) => each.dataActions);
  const of = (...names: readonly Parameters<typeof dataAction>[0][]) =>
    narrowerGrant(
      { actions, scope: ROOT_SCOPE, definition: user.name },
      names.map((each) => ({ dataAction: dataAction(each), scope: '/keys/k' })),
      builtInRoles,
    );
  const wraps = of('keys/read/action', 'keys/wrap/action');
  assert.deepEqual([wraps?.role, wraps?.scope], ['Managed HSM Crypto Service Encryption User', '/keys/k']);
  const signs = of('keys/sign/action');
  assert.deepEqual([signs?.role, signs?.dataActions], [undefined, [dataAction('keys/sign/action')]]);
  assert.equal(of('keys/sign/action', 'settings/write/action'), undefined);
});
