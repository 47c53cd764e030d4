import assert from 'node:assert/strict';
import { it } from 'node:test';
import { commandsFor } from './advice.ts';
import type { Explanation } from './explain.ts';

const OBJECT_ID = '00000000-0000-4000-8000-000000000001';
const CREATE =
  `az keyvault role assignment create --hsm-name fin --role "Managed HSM Crypto User" --assignee-object-id ${OBJECT_ID}` +
  ' --assignee-principal-type User --scope /keys/a';

function denied(onlyPeopleGrant: boolean): Explanation {
  return {
    decision: 'deny',
    considered: [],
    notShown: 0,
    nearest: {
      role: 'Managed HSM Crypto User',
      roleDefinition: '21dbd100-6940-42c2-9190-5d6cb909625b',
      scope: '/keys/a',
    },
    whoCanGrant: [],
    onlyPeopleGrant,
  };
}

it('what helps is a command that succeeds as it stands: where duties are separated its reason comes first', () => {
  const who = { objectId: OBJECT_ID, type: 'user' } as const;
  assert.deepEqual(commandsFor(denied(false), who, 'fin'), [CREATE]);
  assert.deepEqual(commandsFor(denied(true), who, 'fin'), [`eval "$(./strongroom reason 'why')"`, CREATE]);
});
