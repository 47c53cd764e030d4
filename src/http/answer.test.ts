import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { serviceHeaders } from './answer.ts';

test('for all names of a region: one line of a header, and the usual ones as they are', () => {
  assert.equal(serviceHeaders('eastus2', '1').region, 'eastus2');
  assert.equal(serviceHeaders('rack 7, cellar', '1').region, 'rack 7, cellar');
  assert.equal(serviceHeaders('a\r\nSet-Cookie: b', '1').region, 'a%0D%0ASet-Cookie%3A%20b');
  const any = fc.string({
    unit: fc.oneof(fc.constantFrom('\r', '\n', '\0', '\ud800', 'é'), fc.string({ maxLength: 1 })),
  });
  fc.assert(fc.property(any, (name) => assert.match(serviceHeaders(name, '1').region, /^[ -~]*$/)));
});
