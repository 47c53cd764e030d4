import assert from 'node:assert/strict';
import { test } from 'node:test';
import { text } from '../../formats/shape.ts';
import { follow, openFeeding } from './follow-records.ts';
import { recordKind } from './record-kind.ts';
import { NotTakenBack } from './records.ts';

test('what is tried and contradicts what is known is taken back, and what cannot be is told apart', () => {
  const kind = recordKind({ of: 'x/', about: 'x', travels: 'stays', members: { name: text }, id: /^[a-z]+$/ });
  const kept: string[] = [];
  let canUndo = true;
  const take = (id: string): void => {
    kept.push(id);
    if (id === 'broken') throw new Error('it contradicts what is known');
  };
  const hold = () => () => {
    if (!canUndo) throw new Error('it is gone');
    kept.pop();
  };
  const { attempt } = openFeeding([follow(kind, take, hold)]);
  const changes = ['a', 'broken'].map((name) => kind.put(name, { name }));
  assert.throws(() => attempt(changes), /contradicts/);
  assert.deepEqual(kept, []);
  canUndo = false;
  assert.throws(() => attempt(changes), NotTakenBack);
});
