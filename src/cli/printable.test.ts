import assert from 'node:assert/strict';
import { it } from 'node:test';
import { printable, printableLine } from './printable.ts';

it('leaves nothing that a terminal obeys: escapes, overwriting, turned directions, other ends of lines', () => {
  const hostile = 'a\u001b[2Jb\rc\u0007d\u202ee\u2028f\u0085g\u200bh';
  for (const shown of [printable(hostile), printableLine(hostile)]) {
    assert.equal(shown.replaceAll('\u{fffd}', '.'), 'a.[2Jb.c.d.e.f.g.h');
  }
});

it('keeps lines where there may be some, and every letter', () => {
  assert.equal(printable('Straße\n\t日本 🔑'), 'Straße\n\t日本 🔑');
  assert.equal(printableLine('one\ntwo\tthree'), 'one\u{fffd}two\u{fffd}three');
});
