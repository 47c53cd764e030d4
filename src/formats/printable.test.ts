import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { isOneLine, oneLine, printable, printableJson, printableLine } from './printable.ts';

/** Whole planes, and often the few that matter. */
const unit = fc.oneof(
  fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code)),
  fc.integer({ min: 0, max: 0x10ffff }).map((code) => String.fromCodePoint(code)),
  fc.constantFrom(...'\\"/\n\t\r \u0000\u001b\u007f\u0080\u009b\u009f\u061c\u200b\u200d\u200e\u2028\u202e\u2066\ufeff'),
  fc.constantFrom('\\u0085', '\\', '\ud800', '\udc00', '\u{e0041}', '日', '🔑'),
);
const text = fc.array(unit, { maxLength: 20 }).map((units) => units.join(''));
const STEERS =
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2064\u2066-\u2069\ufeff\u{e0001}\u{e0020}-\u{e007f}\p{Cs}]/u;

it('leaves nothing that a terminal obeys: escapes, overwriting, turned directions, other ends of lines', () => {
  const hostile = 'a\u001b[2Jb\rc\u0007d\u202ee\u2028f\u0085g\u200bh\ud800i\u009b2Jj';
  for (const shown of [printable(hostile), printableLine(hostile)]) {
    assert.equal(shown.replaceAll('\u{fffd}', '.'), 'a.[2Jb.c.d.e.f.g.h.i.2Jj');
  }
  fc.assert(
    fc.property(text, (any) => {
      assert.doesNotMatch(printable(any).replaceAll(/[\n\t]/g, ''), STEERS);
      assert.doesNotMatch(printableLine(any), STEERS);
      assert.equal(printable(printable(any)), printable(any));
    }),
  );
});

it('keeps lines where there may be some, and every letter', () => {
  assert.equal(printable('Straße\n\t日本 🔑 نمی\u200cخواهم'), 'Straße\n\t日本 🔑 نمی\u200cخواهم');
  assert.equal(printableLine('one\ntwo\tthree'), 'one\u{fffd}two\u{fffd}three');
});

it('writes JSON of the same value without anything that steers', () => {
  assert.equal(
    printableJson({ a: '\u009b2J\u202e\u{e0041}\\\u0085' }, 0),
    '{"a":"\\u009b2J\\u202e\\udb40\\udc41\\\\\\u0085"}\n',
  );
  fc.assert(
    fc.property(fc.dictionary(text, fc.oneof(text, fc.array(text), fc.jsonValue())), (value) => {
      for (const indent of [0, 2] as const) {
        const json = printableJson(value, indent);
        assert.doesNotMatch(json.replaceAll('\n', ''), STEERS);
        assert.equal(json, printable(json));
        assert.equal(JSON.stringify(JSON.parse(json)), JSON.stringify(value));
        assert.equal(indent === 2 || json.indexOf('\n') === json.length - 1, true);
      }
    }),
  );
});

it('makes one line of what an error said, and takes only one line for a name', () => {
  assert.equal(oneLine(' a\r\nb\u001b[31mc\u202ed\n'), 'a  b [31mc d');
  assert.equal(oneLine('x'.repeat(999) + '🔑', 1000), 'x'.repeat(999));
  fc.assert(fc.property(text, (any) => isOneLine(oneLine(any)) && oneLine(any).length <= 1000));
  for (const not of ['a\nb', 'a\u0085b', 'a\u2028b', 'a\u202eb', '\ud800']) assert.equal(isOneLine(not), false);
});
