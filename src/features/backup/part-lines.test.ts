import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Line, PartGatherer, readLines } from './part-lines.ts';

test('lines come back as they went in, whatever they hold, in parts of bounded size', () => {
  const line: fc.Arbitrary<Line> = fc.record(
    {
      name: fc.string({ unit: 'grapheme' }),
      value: fc.string({ unit: 'grapheme' }),
    },
    { noNullPrototype: true },
  );
  fc.assert(
    fc.property(fc.array(line, { minLength: 1, maxLength: 20 }), (lines) => {
      const gatherer = new PartGatherer();
      const contents = [...lines.map((each) => gatherer.add(each)), gatherer.end()].filter(
        (each) => each !== undefined,
      );
      assert.deepEqual(
        contents.flatMap((content) => readLines('p', content)),
        lines,
      );
    }),
  );
  const gatherer = new PartGatherer();
  const big = { name: 'n', value: 'x'.repeat(400_000) };
  const sizes = Array.from({ length: 12 }, () => gatherer.add(big)?.length).filter((size) => size !== undefined);
  assert.equal(sizes.length, 4);
  assert.ok(sizes.every((size) => size < 1.5 * 1024 * 1024));
  assert.equal(gatherer.end(), undefined);
});

test('a record that no part can hold is refused by its name, and lines of another form do not read', () => {
  assert.throws(() => new PartGatherer().add({ name: 'huge', value: 'x'.repeat(3_000_000) }), {
    code: 'TooLarge',
    message: /huge/,
  });
  for (const content of [
    '',
    'x\n',
    '{"name":"a","value":"b"}',
    '{"name":"a"}\n',
    '{"name":"a","value":1}\n',
    '{"name":"a","value":"b","c":1}\n',
    'null\n',
  ]) {
    assert.throws(() => readLines('keys-00001', Buffer.from(content)), {
      code: 'UnknownFormat',
      message: /keys-00001/,
    });
  }
});
