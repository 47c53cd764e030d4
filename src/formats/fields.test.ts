import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { FieldsError, fields } from './fields.ts';

const layout = fields({ a: 'u8', b: 'u32', c: 'u64', d: 'bytes', e: 'text', f: 'json' });
const values = fc.record({
  a: fc.nat({ max: 255 }),
  b: fc.nat({ max: 0xffffffff }),
  c: fc.maxSafeNat(),
  d: fc.uint8Array({ maxLength: 40 }),
  e: fc.string({ unit: 'grapheme' }),
  f: fc.json().map((text) => JSON.parse(text) as unknown),
});

test('any values survive the round trip, and what decodes encodes to the same bytes', () => {
  fc.assert(
    fc.property(values, (given) => {
      const payload = layout.encode(given);
      const decoded = layout.decode(payload);
      assert.deepEqual({ ...decoded, d: new Uint8Array(decoded.d), f: null }, { ...given, f: null });
      assert.deepEqual(layout.encode(decoded), payload);
    }),
  );
});

test('a missing or a spare byte is refused', () => {
  fc.assert(
    fc.property(values, fc.nat(), (given, at) => {
      const payload = layout.encode(given);
      assert.throws(() => layout.decode(payload.subarray(0, at % payload.length)), FieldsError);
      assert.throws(() => layout.decode(Buffer.concat([payload, Buffer.of(0)])), FieldsError);
    }),
  );
});

test('garbage decodes or throws a FieldsError, nothing else', () => {
  const binary = fields({ a: 'u8', b: 'bytes', c: 'u64' });
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 30 }), (noise) => {
      for (const reader of [layout, binary] as const) {
        try {
          reader.decode(Buffer.from(noise));
        } catch (error) {
          assert.ok(error instanceof FieldsError);
        }
      }
    }),
    { numRuns: 1000 },
  );
});

test('numbers out of range, broken UTF-8 and broken JSON are refused', () => {
  const byte = fields({ a: 'u8' });
  for (const a of [-1, 256, 1.5, Number.NaN]) assert.throws(() => byte.encode({ a }), FieldsError);
  const sized = (bytes: string): Buffer => {
    const body = Buffer.from(bytes, 'hex');
    const head = Buffer.alloc(4);
    head.writeUInt32LE(body.length);
    return Buffer.concat([head, body]);
  };
  assert.throws(() => fields({ a: 'text' }).decode(sized('ff')), FieldsError);
  assert.throws(() => fields({ a: 'json' }).decode(sized('7b')), FieldsError);
  assert.throws(() => fields({ a: 'u64' }).decode(Buffer.alloc(8, 0xff)), FieldsError);
});
