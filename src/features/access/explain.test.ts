import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { feeding } from '../../store/sealed/follow-records.ts';
import { builtInRoles } from '../roles/built-in-roles.ts';
import { dataAction, dataActions } from '../roles/data-actions.ts';
import { openRoles, type Roles } from '../roles/evaluate.ts';
import { assignmentChange } from '../roles/role-records.ts';
import { parseScope } from '../roles/scope.ts';
import { explainAccess, MOST_CONSIDERED } from './explain.ts';

const guid = (n: number): string => `00000000-0000-4000-8000-${n.toString(16).padStart(12, '0')}`;
const ADMINISTRATOR = 'a290e904-7015-4bba-90c8-60543313cdb4';
const ENCRYPTION_USER = '33413926-3206-4cdd-b39a-83574fe37a17';
const SCOPES = ['/', '/keys', '/keys/a', '/keys/b'];

function rolesWith(
  ...assignments: readonly (readonly [name: number, principal: number, role: string, scope: string])[]
): Roles {
  const roles = openRoles();
  for (const [name, principal, definition, scope] of assignments) {
    const change = assignmentChange({
      name: guid(name),
      principalId: guid(principal),
      definition,
      scope: parseScope(scope),
    });
    feeding(roles.follows)(change);
  }
  return roles;
}

it('names the role that is held elsewhere, at the scope that was asked for, and who can give it', () => {
  const roles = rolesWith([1, 1, ENCRYPTION_USER, '/keys/a'], [2, 9, ADMINISTRATOR, '/']);
  const question = {
    principalId: guid(1),
    groups: [],
    dataAction: dataAction('keys/unwrap/action'),
    scope: parseScope('/keys/b'),
  };
  const { decision, considered, nearest, whoCanGrant } = explainAccess(question, roles);
  assert.equal(decision, 'deny');
  assert.deepEqual(
    considered.map(({ verdict, through }) => [verdict, through]),
    [['coversOtherScope', guid(1)]],
  );
  assert.deepEqual(nearest, {
    role: 'Managed HSM Crypto Service Encryption User',
    roleDefinition: ENCRYPTION_USER,
    scope: '/keys/b',
  });
  assert.deepEqual(whoCanGrant, [guid(9)]);
});

it('without any role: the one with the fewest rights that has the action', () => {
  const question = {
    principalId: guid(1),
    groups: [],
    dataAction: dataAction('keys/release/action'),
    scope: parseScope('/keys/a'),
  };
  assert.equal(explainAccess(question, rolesWith()).nearest?.role, 'Managed HSM Crypto Service Release User');
});

it('a role for the client id of an application is told of, for it never counts', () => {
  const roles = rolesWith([1, 7, ENCRYPTION_USER, '/keys']);
  const question = {
    principalId: guid(1),
    groups: [],
    applicationId: guid(7).toUpperCase(),
    dataAction: dataAction('keys/wrap/action'),
    scope: parseScope('/keys/a'),
  };
  assert.equal(explainAccess(question, roles).decision, 'deny');
  assert.equal(explainAccess(question, roles).forClientId, guid(1));
  assert.equal(explainAccess(question, roles, () => false).forClientId, undefined);
  assert.equal(explainAccess({ ...question, applicationId: guid(8) }, roles).forClientId, undefined);
  // A managed identity of a test may have one id for both.
  assert.equal(explainAccess({ ...question, principalId: guid(7) }, roles).forClientId, undefined);
});

it('who wants to look at keys is sent neither to a role that uses them nor to one that makes some through the resource manager', () => {
  const nearestTo = (action: Parameters<typeof dataAction>[0]) => {
    const question = { principalId: guid(1), groups: [], dataAction: dataAction(action), scope: parseScope('/keys') };
    return explainAccess(question, rolesWith()).nearest?.role;
  };
  assert.equal(nearestTo('keys/read/action'), 'Managed HSM Crypto Auditor');
  assert.equal(nearestTo('keys/createIfNotExists'), 'Managed HSM ARM User');
});

it('says through which group, and that an assignment grants nothing because its role is gone', () => {
  const roles = rolesWith([1, 5, ENCRYPTION_USER, '/keys'], [2, 1, guid(77), '/']);
  const question = {
    principalId: guid(1),
    groups: [guid(5)],
    dataAction: dataAction('keys/wrap/action'),
    scope: parseScope('/keys/a'),
  };
  const { grant, considered } = explainAccess(question, roles);
  assert.equal(grant, guid(1));
  assert.deepEqual(
    considered.map(({ verdict, through }) => [verdict, through]),
    [
      ['allows', guid(5)],
      ['definitionDeleted', guid(1)],
    ],
  );
});

it('for all assignments: the explanation is the decision, and the nearest role would do', () => {
  const assignment = fc.tuple(
    fc.nat(50),
    fc.integer({ min: 1, max: 4 }),
    fc.constantFrom(...builtInRoles.map(({ name }) => name)),
    fc.constantFrom(...SCOPES),
  );
  fc.assert(
    fc.property(
      fc.array(assignment, { maxLength: 8 }),
      fc.constantFrom(...dataActions),
      fc.constantFrom(...SCOPES),
      (assignments, action, at) => {
        const roles = rolesWith(...assignments);
        const question = { principalId: guid(1), groups: [guid(2)], dataAction: action, scope: parseScope(at) };
        const { decision, considered, nearest, grant } = explainAccess(question, roles);
        const allowed = roles.isAllowed({ oid: guid(1), groups: [guid(2)] }, action, question.scope);
        assert.equal(decision === 'allow', allowed !== undefined);
        assert.equal(grant, allowed?.grant);
        assert.equal(
          considered.some(({ verdict }) => verdict === 'allows'),
          decision === 'allow',
        );
        if (nearest !== undefined) {
          const change = assignmentChange({
            name: guid(99),
            principalId: guid(1),
            definition: nearest.roleDefinition,
            scope: parseScope(nearest.scope),
          });
          feeding(roles.follows)(change);
          assert.equal(explainAccess(question, roles).decision, 'allow');
        }
      },
    ),
  );
});

it('an assignment that ended is the nearest, and says when; one that has not ended allows', () => {
  let now = 1_000;
  const roles = openRoles({ now: () => now });
  const change = assignmentChange({
    name: guid(1),
    principalId: guid(1),
    definition: ENCRYPTION_USER,
    scope: parseScope('/keys'),
    expiresAt: 2_000,
  });
  feeding(roles.follows)(change);
  const question = {
    principalId: guid(1),
    groups: [],
    dataAction: dataAction('keys/wrap/action'),
    scope: parseScope('/keys/a'),
  };
  assert.equal(explainAccess(question, roles).decision, 'allow');
  now = 2_000;
  const { decision, considered, nearest } = explainAccess(question, roles);
  assert.equal(decision, 'deny');
  assert.deepEqual(
    considered.map(({ verdict, expiresAt }) => [verdict, expiresAt]),
    [['expired', 2_000]],
  );
  assert.equal(nearest?.roleDefinition, ENCRYPTION_USER);
});

it('where duties are separated: an application is told that no role gives it administration, and nobody grants to themself', () => {
  const roles = openRoles({ separation: { isStrict: true } });
  for (const [name, principal] of [
    [1, 1],
    [2, 9],
  ] as const) {
    const change = assignmentChange({
      name: guid(name),
      principalId: guid(principal),
      definition: ADMINISTRATOR,
      scope: parseScope('/'),
    });
    feeding(roles.follows)(change);
  }
  const question = {
    principalId: guid(1),
    groups: [],
    idType: 'app' as const,
    dataAction: dataAction('roleAssignments/write/action'),
    scope: parseScope('/'),
  };
  const { decision, considered, nearest, whoCanGrant, onlyPeopleGrant } = explainAccess(question, roles);
  assert.equal(decision, 'deny');
  assert.equal(onlyPeopleGrant, true);
  assert.deepEqual(
    considered.map(({ verdict }) => verdict),
    ['withheldFromApplications'],
  );
  assert.equal(nearest, undefined);
  assert.deepEqual(whoCanGrant, [guid(9)]);
  assert.equal(explainAccess({ ...question, idType: 'user' as const }, roles).decision, 'allow');
});

it('of what may not be shown neither a number nor the nearest role nor the granters tell', () => {
  const roles = rolesWith([1, 1, ENCRYPTION_USER, '/keys/a'], [2, 9, ADMINISTRATOR, '/']);
  const question = {
    principalId: guid(1),
    groups: [],
    dataAction: dataAction('keys/wrap/action'),
    scope: parseScope('/keys/b'),
  };
  const { considered, notShown, whoCanGrant } = explainAccess(question, roles, () => false);
  assert.deepEqual([considered, notShown, whoCanGrant], [[], 0, []]);
});

it('what is too long for the list is counted', () => {
  const many = Array.from(
    { length: MOST_CONSIDERED + 3 },
    (_, n) => [100 + n, 1, ENCRYPTION_USER, `/keys/k${n}`] as const,
  );
  const question = {
    principalId: guid(1),
    groups: [],
    dataAction: dataAction('keys/wrap/action'),
    scope: parseScope('/keys/b'),
  };
  const { considered, notShown } = explainAccess(question, rolesWith(...many), ({ name }) => name !== guid(100));
  assert.deepEqual([considered.length, notShown], [MOST_CONSIDERED, 2]);
});
