import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ServiceError } from '../../http/service-error.ts';
import type { Commit } from '../../store/sealed/records.ts';
import { planInitialAssignments } from './administrators.ts';
import { ASSIGNMENTS_PER_PAGE, deleteAssignment, getAssignment, listAssignments } from './assignments.ts';
import {
  ADMIN,
  ADMINISTRATOR,
  CRYPTO_USER,
  DEFINITIONS,
  FIRST_ASSIGNMENT,
  guid,
  type Instance,
  instance,
  refuses,
} from './operations.fixture.ts';
import { MAX_ASSIGNMENTS_PER_KEY, putAssignment } from './put-assignment.ts';
import { readAssignmentBody } from './read-bodies.ts';
import { assignmentChange, assignmentKind } from './role-records.ts';
import { parseScope, ROOT_SCOPE } from './scope.ts';

const ANN = guid(0xa);
const BOB = guid(0xb);

describe('a role assignment', () => {
  it('is made, shown and deleted in the shape that clients compare', async () => {
    const made = await instance();
    const shape = {
      id: `/providers/Microsoft.Authorization/roleAssignments/${guid(1)}`,
      name: guid(1),
      type: 'Microsoft.Authorization/roleAssignments',
      properties: { scope: '/keys/Tde', roleDefinitionId: DEFINITIONS + CRYPTO_USER, principalId: ANN },
    };
    const answer = await made.assign(guid(1), CRYPTO_USER, ANN, '/keys/Tde');
    const { detail, ...rest } = answer;
    assert.deepEqual(rest, { status: 201, body: shape, head: made.records.head });
    assert.partialDeepStrictEqual(detail, {
      roleName: 'Managed HSM Crypto User',
      principalId: ANN,
      scope: '/keys/Tde',
    });
    const at = { scope: parseScope('/keys/tde'), name: guid(1).toUpperCase() };
    assert.deepEqual(getAssignment(at, made), { status: 200, body: shape });
    const { detail: _same, ...gone } = await deleteAssignment(at, made.changes);
    const note = `Assignment ${guid(1)} of the role ${CRYPTO_USER} to ${ANN} at /keys/Tde was deleted.`;
    assert.deepEqual(gone, { status: 200, body: shape, head: made.records.head, note });
    await refuses('RoleAssignmentNotFound', /^Requested role assignment not found$/, () => getAssignment(at, made));
  });

  it('made again the same way is refused by the code of its own that the service has, and nothing is committed', async () => {
    const made = await instance();
    await made.assign(guid(1), CRYPTO_USER, ANN, '/keys/Tde');
    const before = made.commits.length;
    await refuses('RoleAssignmentExists', /^The role assignment already exists\.$/, () =>
      made.assign(guid(1).toUpperCase(), CRYPTO_USER, ANN.toUpperCase(), '/keys/TDE'),
    );
    const text = `^Role assignment '${guid(1)}' already adds role 'Managed HSM Crypto User' to principal '${ANN}' in scope '/keys/Tde'$`;
    await refuses('MatchingRoleAssignmentExists', new RegExp(text), () =>
      made.assign(guid(2), CRYPTO_USER, ANN, '/keys/TDE'),
    );
    assert.equal(made.commits.length, before);
  });

  it('is found by no name that is no GUID, and made under none', async () => {
    const made = await instance();
    const named = { scope: ROOT_SCOPE, name: 'not-a-guid' };
    await refuses('RoleAssignmentNotFound', /^Requested role assignment not found$/, () => getAssignment(named, made));
    await refuses('RoleAssignmentNotFound', /not found/, () => deleteAssignment(named, made.changes));
    await refuses('BadParameter', /^Role assignment name must be a GUID$/, () =>
      made.assign('not-a-guid', CRYPTO_USER, ANN),
    );
  });

  it('cannot be changed or moved under its name, and has another beside it at another scope only', async () => {
    const made = await instance();
    await made.assign(guid(1), CRYPTO_USER, ANN, '/keys/a');
    const text = /cannot be changed/;
    await refuses('RoleAssignmentExists', text, () => made.assign(guid(1), CRYPTO_USER, BOB, '/keys/a'));
    await refuses('RoleAssignmentExists', text, () => made.assign(guid(1), ADMINISTRATOR, ANN, '/keys/a'));
    await refuses('RoleAssignmentExists', text, () => made.assign(guid(1), CRYPTO_USER, ANN, '/'));
    assert.equal((await made.assign(guid(3), CRYPTO_USER, ANN, '/')).status, 201);
  });

  it('needs a role that exists', async () => {
    const made = await instance();
    await refuses('BadParameter', /'roleDefinitionId' names .* does not exist/, () =>
      made.assign(guid(1), guid(9), ANN),
    );
  });

  it('is limited in number per key', async () => {
    const made = await instance();
    for (let n = 0; n < MAX_ASSIGNMENTS_PER_KEY; n++)
      await made.assign(guid(n), CRYPTO_USER, guid(1000 + n), '/keys/a');
    await refuses('Conflict', /100 at this scope/, () => made.assign(guid(999), CRYPTO_USER, ANN, '/keys/a'));
    assert.equal((await made.assign(guid(999), CRYPTO_USER, ANN, '/keys/b')).status, 201);
  });
});

describe('the body of a role assignment', () => {
  const good = { roleDefinitionId: DEFINITIONS + CRYPTO_USER, principalId: ANN };

  it('names the definition with or without a leading slash, in any casing', () => {
    for (const id of [good.roleDefinitionId, `/${good.roleDefinitionId}`, good.roleDefinitionId.toUpperCase()]) {
      const body = readAssignmentBody({ properties: { ...good, roleDefinitionId: id } });
      assert.deepEqual(body, { definition: CRYPTO_USER, principalId: ANN, scope: undefined, principalType: undefined });
    }
  });

  it('is refused with the property that is wrong', async () => {
    const cases: readonly (readonly [RegExp, object])[] = [
      [/'properties' is required/, {}],
      [/'properties' must be an object/, { properties: [] }],
      [/'extra' is not supported/, { properties: good, extra: 1 }],
      [/'roleDefinitionId' is required/, { properties: { principalId: ANN } }],
      [
        /'roleDefinitionId' must be Microsoft/,
        { properties: { ...good, roleDefinitionId: 'Managed HSM Crypto User' } },
      ],
      [/'roleDefinitionId' must be Microsoft/, { properties: { ...good, roleDefinitionId: CRYPTO_USER } }],
      [
        /'roleDefinitionId' must be Microsoft/,
        { properties: { ...good, roleDefinitionId: `//${good.roleDefinitionId}` } },
      ],
      [
        /'roleDefinitionId' must be Microsoft/,
        { properties: { ...good, roleDefinitionId: `${DEFINITIONS}${'-'.repeat(36)}` } },
      ],
      [/'principalId' is required/, { properties: { ...good, principalId: null } }],
      [/'principalId' must be the GUID/, { properties: { ...good, principalId: 'ann@example.org' } }],
      [/'principalId' must be a string/, { properties: { ...good, principalId: [ANN] } }],
      [/'properties.condition' is not supported/, { properties: { ...good, condition: 'true' } }],
      [/The role scope must be/, { properties: { ...good, scope: '/subscriptions/x' } }],
    ];
    for (const [text, body] of cases) {
      await refuses('BadParameter', text, () => readAssignmentBody(body as Record<string, unknown>));
    }
  });

  it('may name the scope of the path, and no other', async () => {
    const { changes } = await instance();
    const put = (scope: string): unknown =>
      putAssignment(
        {
          scope: parseScope('/keys/a'),
          name: guid(1),
          body: readAssignmentBody({ properties: { ...good, scope } }),
          grantHeaders: {},
        },
        changes,
      );
    await refuses('BadParameter', /'scope' must be the scope of the request's path/, () => put('/'));
    await put('/keys/A');
  });
});

describe('through the path of another scope', () => {
  it('an assignment below it can be reached, one above or beside it cannot', async () => {
    const made = await instance();
    await made.assign(guid(1), CRYPTO_USER, ANN, '/keys/a');
    await made.assign(guid(2), CRYPTO_USER, ANN, '/');
    for (const scope of ['/keys/b', '/keys/ab']) {
      await refuses('RoleAssignmentNotFound', /not found/, () =>
        deleteAssignment({ scope: parseScope(scope), name: guid(1) }, made.changes),
      );
    }
    await refuses('RoleAssignmentNotFound', /not found/, () =>
      deleteAssignment({ scope: parseScope('/keys/a'), name: guid(2) }, made.changes),
    );
    assert.equal((await deleteAssignment({ scope: ROOT_SCOPE, name: guid(1) }, made.changes)).status, 200);
  });
});

describe('a list of role assignments', () => {
  async function filled(): Promise<Instance> {
    const made = await instance();
    await made.assign(guid(1), CRYPTO_USER, ANN, '/');
    await made.assign(guid(2), CRYPTO_USER, ANN, '/keys');
    await made.assign(guid(3), CRYPTO_USER, ANN, '/keys/a');
    await made.assign(guid(4), CRYPTO_USER, BOB, '/keys/a');
    await made.assign(guid(5), CRYPTO_USER, ANN, '/keys/b');
    return made;
  }
  function names(made: Instance, scope: string, filter?: string): string[] {
    const nextLink = (): string => assert.fail('one page is enough');
    const { body } = listAssignments({ scope: parseScope(scope), filter, after: undefined, nextLink }, made);
    const value = (body as { value: { name: string }[] }).value.map(({ name }) => name);
    return value.map((name) => (name === FIRST_ASSIGNMENT ? 'admin' : String(Number(name.slice(-2)))));
  }

  it('without a filter has those in force at the scope and those below: at / those of every scope', async () => {
    const made = await filled();
    assert.deepEqual(names(made, '/'), ['1', '2', '3', '4', '5', 'admin']);
    assert.deepEqual(names(made, '/keys'), ['1', '2', '3', '4', '5', 'admin']);
    assert.deepEqual(names(made, '/keys/A'), ['1', '2', '3', '4', 'admin']);
  });

  it('follows the filter', async () => {
    const made = await filled();
    const ann = `principalId eq '${ANN}'`;
    assert.deepEqual(names(made, '/keys', 'atScope()'), ['1', '2', 'admin']);
    assert.deepEqual(names(made, '/keys', 'atScopeAndBelow()'), ['2', '3', '4', '5']);
    assert.deepEqual(names(made, '/', ann), ['1', '2', '3', '5']);
    assert.deepEqual(names(made, '/keys/a', ann), ['1', '2', '3']);
    assert.deepEqual(names(made, '/', `atScope() and ${ann}`), ['1']);
    assert.deepEqual(names(made, '/keys', `${ann} and atScopeAndBelow()`), ['2', '3', '5']);
    assert.deepEqual(names(made, '/', `principalId eq ${guid(99)}`), []);
  });

  it('comes in pages that together hold each assignment once', async () => {
    const made = await instance();
    const total = ASSIGNMENTS_PER_PAGE * 2 + 1;
    for (let n = 1; n < total; n++) await made.assign(guid(n), CRYPTO_USER, guid(10_000 + n), `/keys/k${n % 20}`);
    const seen: string[] = [];
    let after: string | undefined;
    let pages = 0;
    do {
      const input = { scope: ROOT_SCOPE, filter: 'atScopeAndBelow()', after, nextLink: (last: string) => last };
      const body = listAssignments(input, made).body as { value: { name: string }[]; nextLink?: string };
      assert.ok(body.value.length <= ASSIGNMENTS_PER_PAGE);
      seen.push(...body.value.map(({ name }) => name));
      after = body.nextLink;
      pages += 1;
    } while (after !== undefined);
    assert.equal(pages, 3);
    assert.equal(new Set(seen).size, total);
    assert.equal(seen.length, total);
  });
});

describe('the last Administrator at /', () => {
  it('cannot be deleted, whoever else administers a key', async () => {
    const made = await instance();
    await made.assign(guid(1), ADMINISTRATOR, ANN, '/keys');
    await refuses('Conflict', /last assignment of 'Managed HSM Administrator'.*another principal first/, () =>
      deleteAssignment({ scope: ROOT_SCOPE, name: FIRST_ASSIGNMENT }, made.changes),
    );
    await made.assign(guid(2), ADMINISTRATOR, BOB, '/');
    assert.equal((await deleteAssignment({ scope: ROOT_SCOPE, name: FIRST_ASSIGNMENT }, made.changes)).status, 200);
  });

  it('stays also when two workers delete the last two at the same time', async () => {
    const made = await instance();
    await made.assign(guid(2), ADMINISTRATOR, BOB, '/');
    made.race = (commit) => commit([assignmentKind.remove(guid(2))]);
    await refuses('Conflict', /last assignment/, () =>
      deleteAssignment({ scope: ROOT_SCOPE, name: FIRST_ASSIGNMENT }, made.changes),
    );
    assert.equal(made.roles.assignment(FIRST_ASSIGNMENT)?.principalId, ADMIN);
  });
});

describe('a caller whose right is taken away meanwhile', () => {
  it('changes nothing any more', async () => {
    const made = await instance();
    let allowed = true;
    const commit: Commit = (plan) =>
      made.records.update(() => {
        if (!allowed) throw new ServiceError('AccessDenied', 'revoked');
        return plan();
      });
    made.race = () => {
      allowed = false;
    };
    const body = readAssignmentBody({ properties: { roleDefinitionId: DEFINITIONS + CRYPTO_USER, principalId: ANN } });
    await refuses('AccessDenied', /revoked/, () =>
      putAssignment({ scope: ROOT_SCOPE, name: guid(1), body, grantHeaders: {} }, { ...made.changes, commit }),
    );
    assert.equal(made.roles.assignment(guid(1)), undefined);
  });

  it('learns of an equal assignment that another worker made first', async () => {
    const made = await instance();
    const value = { name: guid(5), scope: ROOT_SCOPE, definition: CRYPTO_USER, principalId: ANN };
    made.race = (commit) => commit([assignmentChange(value)]);
    await refuses('MatchingRoleAssignmentExists', new RegExp(guid(5)), () => made.assign(guid(1), CRYPTO_USER, ANN));
  });
});

describe('the initial administrators', () => {
  it('are assigned once each, and never again', async () => {
    const { roles } = await instance();
    assert.equal(roles.assignment(FIRST_ASSIGNMENT)?.definition, ADMINISTRATOR);
    assert.deepEqual(planInitialAssignments({ administrators: [BOB], newGuid: () => guid(8) }, { roles }), []);
  });

  it('must be named, by GUID', async () => {
    const roles = { assignmentCount: () => 0 } as unknown as Instance['roles'];
    const plan = (administrators: string[]): unknown =>
      planInitialAssignments({ administrators, newGuid: () => guid(8) }, { roles });
    assert.throws(() => plan([]), RangeError);
    assert.throws(() => plan([ANN, 'ann@example.org']), RangeError);
    assert.equal((plan([ANN, ANN.toUpperCase()]) as unknown[]).length, 1);
  });
});
