import assert from 'node:assert/strict';
import { test } from 'node:test';
import { collectAtRest } from './at-rest.ts';

test('a process that rests collects once, and one that may not collect goes on all the same', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { gc } = globalThis;
  let collected = 0;
  try {
    Reflect.deleteProperty(globalThis, 'gc');
    collectAtRest();
    t.mock.timers.tick(60_000);
    Reflect.set(globalThis, 'gc', () => (collected += 1));
    collectAtRest();
    t.mock.timers.tick(60_000);
    assert.equal(collected, 1);
  } finally {
    if (gc === undefined) Reflect.deleteProperty(globalThis, 'gc');
    else Reflect.set(globalThis, 'gc', gc);
  }
});
