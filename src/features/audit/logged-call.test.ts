import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { readLoggedCall } from './logged-call.ts';

it('for all bytes and all JSON: an entry reads or does not, and nothing is thrown', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.uint8Array(),
        fc.json().map((text) => Buffer.from(text)),
      ),
      (bytes) => {
        readLoggedCall(0, Buffer.from(bytes));
      },
    ),
  );
  const member = fc.oneof(fc.string(), fc.integer(), fc.constant(null), fc.array(fc.string()), fc.object());
  fc.assert(
    fc.property(
      fc.record({ correlationId: fc.string({ minLength: 1 }), time: fc.string({ minLength: 1 }) }),
      fc.dictionary(
        fc.constantFrom('identity', 'properties', 'resultDescription', 'httpStatusCode', 'scope', 'decision'),
        member,
      ),
      (known, more) => {
        const call = readLoggedCall(7, Buffer.from(JSON.stringify({ ...more, ...known })));
        assert.equal(call?.index, 7);
        assert.equal(call.caller, undefined);
      },
    ),
  );
});
