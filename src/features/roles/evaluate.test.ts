import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { feeding, openFeeding } from '../../store/sealed/follow-records.ts';
import { builtInRoles } from './built-in-roles.ts';
import { type DataAction, dataAction, dataActions, isAdministrative } from './data-actions.ts';
import { openRoles, type Roles } from './evaluate.ts';
import {
  assignmentChange,
  assignmentKind,
  definitionChange,
  definitionKind,
  type RoleAssignment,
  type RoleDefinition,
} from './role-records.ts';
import { parseScope } from './scope.ts';

const CRYPTO_USER = '21dbd100-6940-42c2-9190-5d6cb909625b';
const AUDITOR = '2c18b078-7c48-4d3a-af88-5a3a1b3f82b3';
const READ = dataAction('keys/read/action');
const SIGN = dataAction('keys/sign/action');
const SCOPES = ['/', '/keys', '/keys/a', '/keys/b'].map(parseScope);

function guid(n: number): string {
  return `00000000-0000-4000-8000-${n.toString(16).padStart(12, '0')}`;
}

function assign(name: number, scope: string, definition: string, principal: number): RoleAssignment {
  return { name: guid(name), scope: parseScope(scope), definition, principalId: guid(principal) };
}

function custom(name: number, permissions: RoleDefinition['permissions']): RoleDefinition {
  return { name: guid(name), roleName: `role ${name}`, description: '', type: 'CustomRole', permissions };
}

function put(roles: Roles, ...records: readonly (RoleAssignment | RoleDefinition)[]): void {
  for (const record of records) {
    const change = 'principalId' in record ? assignmentChange(record) : definitionChange(record);
    feeding(roles.follows)(change);
  }
}

function caller(principal: number, ...groups: readonly number[]): { oid: string; groups: string[] } {
  return { oid: guid(principal), groups: groups.map(guid) };
}

describe('the decision', () => {
  it('is no without an assignment, for every action at every scope', () => {
    const roles = openRoles();
    put(roles, assign(1, '/', CRYPTO_USER, 900));
    for (const action of dataActions) {
      for (const scope of SCOPES) assert.equal(roles.isAllowed(caller(1, 2), action, scope), undefined);
    }
  });

  it('names the assignment: the widest, and of several the one with the smallest name', () => {
    const roles = openRoles();
    put(roles, assign(9, '/keys/a', CRYPTO_USER, 1));
    const who = caller(1, 2);
    const at = parseScope('/keys/A');
    assert.deepEqual(roles.isAllowed(who, SIGN, at), { grant: guid(9) });
    put(roles, assign(8, '/', CRYPTO_USER, 1));
    assert.deepEqual(roles.isAllowed(who, SIGN, at), { grant: guid(8) });
    put(roles, assign(7, '/', CRYPTO_USER, 2));
    assert.deepEqual(roles.isAllowed(who, SIGN, at), { grant: guid(7) });
  });

  it('holds for the groups of the caller as for the caller', () => {
    const roles = openRoles();
    put(roles, assign(1, '/keys', AUDITOR, 50));
    assert.ok(roles.isAllowed(caller(1, 49, 50), READ, parseScope('/keys/a')));
    assert.equal(roles.isAllowed(caller(1, 49), READ, parseScope('/keys/a')), undefined);
  });

  it('does not reach upwards, sideways, or to a key whose name begins alike', () => {
    const roles = openRoles();
    put(roles, assign(1, '/keys/tde', CRYPTO_USER, 1));
    for (const path of ['/', '/keys', '/keys/other', '/keys/tde-root', '/keys/td']) {
      assert.equal(roles.isAllowed(caller(1), SIGN, parseScope(path)), undefined, path);
    }
    assert.ok(roles.isAllowed(caller(1), SIGN, parseScope('/keys/TDE')));
  });

  it('ends at once when the assignment is deleted, also for a caller that was let in before', () => {
    const roles = openRoles();
    put(roles, assign(1, '/', CRYPTO_USER, 1));
    const who = caller(1);
    assert.ok(roles.isAllowed(who, SIGN, parseScope('/keys/a')));
    feeding(roles.follows)(assignmentKind.remove(guid(1)));
    assert.equal(roles.isAllowed(who, SIGN, parseScope('/keys/a')), undefined);
    assert.equal(roles.assignmentCount(), 0);
  });

  it('follows a definition that changes, and is no when the definition is deleted', () => {
    const roles = openRoles();
    const who = caller(1);
    const at = parseScope('/keys/a');
    put(roles, custom(5, [{ dataActions: [READ], notDataActions: [] }]), assign(1, '/', guid(5), 1));
    assert.ok(roles.isAllowed(who, READ, at));
    put(roles, custom(5, [{ dataActions: [SIGN], notDataActions: [] }]));
    assert.equal(roles.isAllowed(who, READ, at), undefined);
    assert.ok(roles.isAllowed(who, SIGN, at));
    feeding(roles.follows)(definitionKind.remove(guid(5)));
    assert.equal(roles.isAllowed(who, SIGN, at), undefined);
  });

  it('is no for texts that are no data action', () => {
    const roles = openRoles();
    put(roles, assign(1, '/', CRYPTO_USER, 1));
    for (const text of ['', '*', READ.toUpperCase(), 'constructor', '__proto__']) {
      assert.equal(roles.isAllowed(caller(1), text, parseScope('/')), undefined);
    }
  });
});

describe('for all sets of roles', () => {
  const actions = fc.subarray([...dataActions.slice(0, 6)]);
  const permission = fc.record({ dataActions: actions, notDataActions: actions });
  const definitions = fc.array(fc.array(permission, { maxLength: 3 }), { maxLength: 4 });
  const assignment = fc.record({
    scope: fc.constantFrom('/', '/keys', '/keys/a', '/keys/b'),
    // Some of these definitions do not exist: such assignments are dead.
    definition: fc.oneof(fc.integer({ min: 1, max: 6 }).map(guid), fc.constantFrom(...builtInRoles.map((r) => r.name))),
    principal: fc.integer({ min: 1, max: 4 }),
  });
  const callers = fc.record({
    oid: fc.integer({ min: 1, max: 4 }).map(guid),
    groups: fc.subarray([1, 2, 3, 4].map(guid)),
  });

  type Made = { scope: string; definition: string; principal: number };
  function build(
    permissions: readonly RoleDefinition['permissions'][],
    made: readonly Made[],
  ): [Roles, RoleAssignment[]] {
    const roles = openRoles();
    const all = made.map(({ scope, definition, principal }, i) => assign(100 + i, scope, definition, principal));
    put(roles, ...permissions.map((list, i) => custom(i + 1, list)), ...all);
    return [roles, all];
  }

  it('the decision is what a plain reading of the assignments says', () => {
    fc.assert(
      fc.property(definitions, fc.array(assignment, { maxLength: 12 }), callers, (permissions, made, who) => {
        const [roles, all] = build(permissions, made);
        for (const action of dataActions) {
          for (const at of SCOPES) {
            const granting = all.filter((one) => plainly(roles, one, who, action, at.path)).map(({ name }) => name);
            const found = roles.isAllowed(who, action, at);
            assert.equal(found !== undefined, granting.length > 0);
            if (found !== undefined) assert.ok(granting.includes(found.grant));
          }
        }
      }),
      { numRuns: 60 },
    );
  });

  it('one more assignment or group never takes a right away', () => {
    const many = fc.array(assignment, { maxLength: 8 });
    fc.assert(
      fc.property(
        definitions,
        many,
        assignment,
        callers,
        fc.integer({ min: 1, max: 4 }),
        (defs, made, more, who, group) => {
          const [before] = build(defs, made);
          const [after] = build(defs, [...made, more]);
          const widened = { oid: who.oid, groups: [...who.groups, guid(group)] };
          for (const action of dataActions) {
            for (const at of SCOPES) {
              if (before.isAllowed(who, action, at) === undefined) continue;
              assert.ok(after.isAllowed(who, action, at));
              assert.ok(before.isAllowed(widened, action, at));
            }
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  it('a right at a scope is a right at every scope below', () => {
    fc.assert(
      fc.property(definitions, fc.array(assignment, { maxLength: 8 }), callers, (permissions, made, who) => {
        const [roles] = build(permissions, made);
        for (const action of dataActions) {
          const [root, keys, a, b] = SCOPES.map((at) => roles.isAllowed(who, action, at) !== undefined);
          if (root) assert.ok(keys && a && b);
          if (keys) assert.ok(a && b);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('the order in which records arrive does not matter, and neither does a record that came and went', () => {
    fc.assert(
      fc.property(
        definitions,
        fc.array(assignment, { maxLength: 8 }),
        callers,
        fc.nat(7),
        (permissions, made, who, gone) => {
          const [forward, all] = build(permissions, made);
          const backward = openRoles();
          put(backward, assign(100 + gone, '/', CRYPTO_USER, 1), ...[...all].reverse());
          for (const action of dataActions) backward.isAllowed(who, action, parseScope('/'));
          if (gone >= all.length) feeding(backward.follows)(assignmentKind.remove(guid(100 + gone)));
          put(backward, ...permissions.map((list, i) => custom(i + 1, list)));
          for (const action of dataActions) {
            for (const at of SCOPES)
              assert.deepEqual(backward.isAllowed(who, action, at), forward.isAllowed(who, action, at));
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  function plainly(
    roles: Roles,
    { principalId, scope, definition }: RoleAssignment,
    who: { oid: string; groups: readonly string[] },
    action: DataAction,
    at: string,
  ): boolean {
    const found = roles.definition(definition);
    const isWho = principalId === who.oid || who.groups.includes(principalId);
    const isThere = scope.path === '/' || at === scope.path || at.startsWith(`${scope.path}/`);
    const granted = found?.permissions.some(({ dataActions: listed }) => listed.includes(action)) ?? false;
    const excluded = found?.permissions.some(({ notDataActions }) => notDataActions.includes(action)) ?? false;
    return isWho && isThere && granted && !excluded;
  }
});

describe('records', () => {
  it('of others are left alone', () => {
    const roles = openRoles();
    for (const name of ['key/a/1', 'role', 'role-definitions/x', 'xrole-assignment/y']) {
      feeding(roles.follows)({ name, value: Buffer.from('{}') });
    }
    assert.equal(roles.assignmentCount(), 0);
  });

  it('that do not read are refused and change nothing', () => {
    const roles = openRoles();
    const good = JSON.parse(
      Buffer.from(assignmentChange(assign(1, '/keys/a', CRYPTO_USER, 1)).value).toString(),
    ) as Record<string, unknown>;
    const values = [
      '',
      'null',
      '[]',
      '{}',
      JSON.stringify({ ...good, more: 1 }),
      JSON.stringify({ ...good, scope: 'keys/a' }),
      JSON.stringify({ ...good, scope: '/vaults' }),
      JSON.stringify({ ...good, principalId: 'ABCDEFAB-0000-4000-8000-000000000001' }),
      JSON.stringify({ ...good, definition: 'Crypto User' }),
      JSON.stringify({ ...good, definition: 7 }),
    ];
    for (const value of values) {
      const change = { name: assignmentKind.of + guid(1), value: Buffer.from(value) };
      assert.throws(() => feeding(roles.follows)(change), { code: 'Damaged' }, value);
    }
    const definition = { roleName: 'x', description: '', permissions: [{ dataActions: ['x'], notDataActions: [] }] };
    for (const value of ['{}', JSON.stringify(definition), JSON.stringify({ ...definition, permissions: {} })]) {
      const change = { name: definitionKind.of + guid(1), value: Buffer.from(value) };
      assert.throws(() => feeding(roles.follows)(change), { code: 'Damaged' }, value);
    }
    for (const name of [`${assignmentKind.of}x`, definitionKind.of, definitionKind.of + CRYPTO_USER]) {
      assert.throws(() => feeding(roles.follows)({ name, value: null }), { code: 'Damaged' }, name);
    }
    assert.equal(roles.assignmentCount(), 0);
    assert.equal(roles.definitions().length, builtInRoles.length);
  });
});

describe('a grant that ends', () => {
  it('allows until its second, and another one goes on', () => {
    let now = 1000;
    const roles = openRoles({ now: () => now });
    put(roles, { ...assign(1, '/keys', CRYPTO_USER, 1), expiresAt: 1010, reason: 'migration' });
    const who = caller(1);
    assert.equal(roles.isAllowed(who, SIGN, parseScope('/keys/a'))?.grant, guid(1));
    now = 1009.9;
    assert.equal(roles.isAllowed(who, SIGN, parseScope('/keys/a'))?.grant, guid(1));
    now = 1010;
    assert.equal(roles.isAllowed(who, SIGN, parseScope('/keys/a')), undefined);
    put(roles, assign(2, '/keys', CRYPTO_USER, 1));
    assert.equal(roles.isAllowed(who, SIGN, parseScope('/keys/a'))?.grant, guid(2));
  });

  it('is kept with its reason', () => {
    const ending: RoleAssignment = { ...assign(1, '/', AUDITOR, 1), expiresAt: 5, reason: 'audit 2026' };
    const roles = openRoles();
    put(roles, ending);
    assert.deepEqual(roles.assignment(guid(1)), ending);
  });
});

describe('separated duties', () => {
  it('an application has no right of an administrator, whatever it was assigned; a person has', () => {
    const separation = { isStrict: false };
    const roles = openRoles({ separation });
    for (const [n, { name }] of builtInRoles.entries()) put(roles, assign(n + 1, '/', name, 1));
    const [app, user] = [
      { ...caller(1), idType: 'app' as const },
      { ...caller(1), idType: 'user' as const },
    ];
    const root = parseScope('/');
    const allowed = (who: typeof app | typeof user): DataAction[] =>
      dataActions.filter((action) => roles.isAllowed(who, action, root) !== undefined);
    const all = allowed(user);
    assert.deepEqual(allowed(app), all);
    separation.isStrict = true;
    assert.deepEqual(allowed(user), all);
    assert.deepEqual(
      all.filter((action) => !allowed(app).includes(action)),
      dataActions.filter((action) => isAdministrative(action)),
    );
    assert.ok(allowed(app).includes(SIGN));
  });
});

describe('what is tried', () => {
  it('allows as if it were committed, and once it is taken back no more and no less than before', () => {
    const separation = { isStrict: false };
    const roles = openRoles({ separation });
    put(roles, custom(5, [{ dataActions: [SIGN], notDataActions: [] }]), assign(1, '/keys', guid(5), 1));
    const callers = [caller(1), caller(2)];
    const all = (): boolean[] =>
      callers.map((each) => roles.isAllowed(each, SIGN, parseScope('/keys/a')) !== undefined);
    const { attempt } = openFeeding(roles.follows);
    const held = roles.assignment(guid(1));
    assert.deepEqual(all(), [true, false]);
    const undoFirst = attempt([assignmentKind.remove(guid(1)), assignmentChange(assign(2, '/keys/a', guid(5), 2))]);
    assert.deepEqual(all(), [false, true]);
    const undoSecond = attempt([
      assignmentChange(assign(2, '/keys/b', guid(5), 2)),
      assignmentChange(assign(3, '/', guid(5), 1)),
      assignmentKind.remove(guid(99)),
    ]);
    assert.deepEqual(all(), [true, false]);
    undoSecond?.();
    assert.deepEqual(all(), [false, true]);
    undoFirst?.();
    assert.deepEqual(all(), [true, false]);
    assert.deepEqual([...roles.assignments()], [held]);
    assert.equal(roles.assignment(guid(1)), held);
    assert.deepEqual([roles.assignmentCount(), roles.assignmentCount(parseScope('/keys/a'))], [1, 0]);
    // What a role is, is not tried.
    assert.equal(attempt([definitionChange(custom(5, []))]), undefined);
    assert.deepEqual(all(), [true, false]);
  });

  it('leaves no right that was found by rules that hold no more', () => {
    const separation = { isStrict: false };
    const roles = openRoles({ separation });
    const managing = dataActions.find((action) => isAdministrative(action)) as DataAction;
    put(roles, custom(5, [{ dataActions: [managing], notDataActions: [] }]), assign(1, '/', guid(5), 1));
    const app = { ...caller(1), idType: 'app' as const };
    const isAllowed = (): boolean => roles.isAllowed(app, managing, parseScope('/')) !== undefined;
    assert.ok(isAllowed());
    separation.isStrict = true;
    const undo = openFeeding(roles.follows).attempt([assignmentChange(assign(2, '/', guid(5), 2))]);
    assert.ok(!isAllowed());
    undo?.();
    assert.ok(!isAllowed());
  });
});
