import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ShapeError } from '../../../formats/shape.ts';
import { changedIdentities } from './identity.ts';
import { readHsmBody } from './read-hsm-body.ts';

const [A, B] = ['a', 'b'].map(
  (name) => `/subscriptions/S/resourceGroups/G/providers/Microsoft.ManagedIdentity/userAssignedIdentities/${name}`,
) as [string, string];
const after = (before: readonly string[], identity: unknown, isPart: boolean) =>
  changedIdentities(before, readHsmBody({ identity }, isPart).identity);

test('a whole resource says which identities there are, a part of one which come and go', () => {
  const both = { type: 'UserAssigned', userAssignedIdentities: { [A]: {}, [B]: { clientId: 'read only' } } };
  const loud = { type: 'userassigned', userAssignedIdentities: { [A.toUpperCase()]: {} } };
  for (const isPart of [false, true]) {
    assert.deepEqual(after([], both, isPart), [A, B]);
    assert.deepEqual(after([A, B], { type: 'None' }, isPart), []);
    for (const unsaid of [undefined, null, {}]) assert.deepEqual(after([A], unsaid, isPart), [A]);
  }
  assert.deepEqual(after([A, B], loud, false), [A], 'as it was spelled first');
  assert.deepEqual(after([A, B], loud, true), [A, B]);
  assert.deepEqual(after([A, B], { type: 'UserAssigned', userAssignedIdentities: { [A]: null } }, true), [B]);
});

test('what would be an identity of its own, or says two things, is refused by name', () => {
  for (const [identity, message] of [
    [{ type: 'SystemAssigned' }, /identity\.type: an HSM here has no identity of its own/],
    [{ type: 'systemassigned,userassigned', userAssignedIdentities: { [A]: {} } }, /no identity of its own/],
    [{ type: 'Perhaps' }, /identity\.type must be one of/],
    [{ type: 'UserAssigned' }, /names no identity/],
    [{ type: 'None', userAssignedIdentities: { [A]: {} } }, /says that there are none/],
    [{ type: 'UserAssigned', userAssignedIdentities: { 'a\nb': {} } }, /must name resource ids/],
  ] as const) {
    assert.throws(
      () => readHsmBody({ identity }),
      (error) => error instanceof ShapeError && message.test(error.message),
      JSON.stringify(identity),
    );
  }
});
