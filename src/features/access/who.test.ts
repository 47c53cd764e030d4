import assert from 'node:assert/strict';
import { it } from 'node:test';
import { feeding } from '../../store/sealed/follow-records.ts';
import type { Use } from '../audit/index/usage.ts';
import { openRoles } from '../roles/evaluate.ts';
import { assignmentChange } from '../roles/role-records.ts';
import { ROOT_SCOPE } from '../roles/scope.ts';
import { whoCan } from './who.ts';

const guid = (n: number): string => `00000000-0000-4000-8000-${n.toString(16).padStart(12, '0')}`;
const CRYPTO_USER = '21dbd100-6940-42c2-9190-5d6cb909625b';
const GRANTS = 40;
const USES = 200;

it('looks at each sum of the log so many times as one grant needs, however many grants there are', () => {
  const roles = openRoles();
  for (let n = 1; n <= GRANTS; n++) {
    const grant = { name: guid(n), principalId: guid(n), definition: CRYPTO_USER, scope: ROOT_SCOPE };
    feeding(roles.follows)(assignmentChange(grant));
  }
  let looks = 0;
  const uses = Array.from({ length: USES }, (_, i): Use => {
    const facets = {
      ...{ caller: guid(1000 + (i % 7)), application: '', user: '', operation: 'KeySign', key: 'a', version: '' },
      ...{ dataAction: 'Microsoft.KeyVault/managedHsm/keys/sign/action', scope: i % 2 === 0 ? '/keys/a' : '/keys/b' },
      ...{ outcome: 'success' as const, status: 200, code: 'OK', decision: i % 3 === 0 ? 'deny' : 'allow' },
      grant: guid(1 + (i % 2)),
    };
    return {
      get facets() {
        looks += 1;
        return facets;
      },
      ...{ count: 1, first: 1e12 + i, last: 1e12 + i, days: new Map([[1, 1]]) },
    };
  });
  const grants = whoCan('a', roles, { uses, made: new Map() });
  assert.equal(grants.length, GRANTS);
  assert.deepEqual(
    grants.filter(({ used }) => used !== null).map(({ assignment, used }) => [assignment, used?.count]),
    [1, 2].map((n) => [
      guid(n),
      uses.filter(({ facets }) => facets.decision === 'allow' && facets.grant === guid(n)).length,
    ]),
  );
  assert.deepEqual(
    grants.filter(({ usedHere }) => usedHere).map(({ assignment }) => assignment),
    [guid(1)],
  );
  looks = 0;
  whoCan('a', roles, { uses, made: new Map() });
  assert.ok(looks <= 4 * USES, `${looks} looks at ${USES} sums for ${GRANTS} grants`);
});
