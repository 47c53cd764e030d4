// What ids with the role of an administrator come to: people, and what is none.
import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { before, test } from 'node:test';
import { createDevDirectory, type DevSecrets } from '../../../control/directory/create-dev-directory.ts';
import type { Directory } from '../../../control/directory/directory.ts';
import { administratorsIn, lineOf, peopleAmong, warningOn } from './administrators.ts';

let directory: Directory;
let secrets: DevSecrets;
before(async () => {
  ({ directory, secrets } = await createDevDirectory(randomBytes));
});

const kindsOf = (ids: readonly string[]): readonly string[] => administratorsIn(directory, ids).map(({ kind }) => kind);
const peopleOf = (ids: readonly string[]): readonly string[] => [...peopleAmong(administratorsIn(directory, ids))];

test('each id is told to be what it is', () => {
  const { users, applications, operatorsGroupOid } = secrets;
  const [identity] = directory.managedIdentities;
  const ids = [
    users.alice.oid,
    operatorsGroupOid,
    applications.admin.oid,
    identity?.oid ?? '',
    applications.admin.appId,
  ];
  assert.deepEqual(kindsOf(ids), ['person', 'group', 'application', 'application', 'clientId']);
  assert.deepEqual(kindsOf([identity?.clientId ?? '', randomUUID()]), ['clientId', 'unknown']);
  const [client = assert.fail()] = administratorsIn(directory, [applications.admin.appId]);
  assert.match(lineOf(client), /nobody: it is the client id of strongroom-dev-admin/);
});

test('a person counts once, by whichever ids, and nothing else is a person', () => {
  const { users, applications, operatorsGroupOid } = secrets;
  const { upn } = users.alice;
  assert.deepEqual(peopleOf([users.alice.oid, operatorsGroupOid]), [upn], 'alone, and in a group');
  assert.deepEqual(peopleOf([applications.admin.oid, applications.admin.appId, randomUUID()]), []);
  assert.deepEqual(peopleOf([operatorsGroupOid, users.bob.oid]), [upn, users.bob.upn]);
});

test('fewer than two people are warned of, however many ids there are; where nobody knows, ids are counted', () => {
  assert.match(warningOn(1, 5), /^Only one of them is known to be a person: nobody can approve for each other/);
  assert.match(warningOn(0, 2), /^Nobody of them is known to be a person/);
  assert.match(warningOn(2, 5), /^With fewer than three/);
  assert.equal(warningOn(3, 3), '');
  assert.match(warningOn(undefined, 2), /^With fewer than three/);
  assert.equal(warningOn(undefined, 3), '');
});
