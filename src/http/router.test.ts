import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type AnyRow, row } from './route.ts';
import { buildRouter } from './router.ts';

const rows: readonly AnyRow[] = (['GET', 'POST'] as const).map((method) =>
  row({
    method,
    path: '/keys/:name',
    operationName: ({ GET: 'KeyGet', POST: 'KeyCreate' } as const)[method],
    dataAction: 'any',
    scope: 'key',
    handle: () => ({ status: 200 }),
  }),
);

test('a target is found as if it were asked for the first time, however often and beside how many others', () => {
  const router = buildRouter(rows);
  const name = fc.oneof(fc.stringMatching(/^[a-z]{1,2}$/), fc.constant('x'.repeat(500)), fc.constant('%61b'));
  const version = fc.constantFrom('', '?api-version=7.6', '?api-version=7.5&a=%2B');
  const target = fc.record({
    method: fc.constantFrom('GET', 'POST', 'PUT'),
    name,
    version,
    place: fc.constantFrom('keys', 'none'),
  });
  fc.assert(
    fc.property(fc.array(target, { minLength: 1, maxLength: 40 }), (targets) => {
      for (const { method, name, version, place } of targets) {
        const url = `/${place}/${name}${version}`;
        assert.deepEqual(router.locate(method, url), buildRouter(rows).locate(method, url), `${method} ${url}`);
      }
    }),
  );
});

test('what does not read is refused each time', () => {
  const router = buildRouter(rows);
  for (let time = 0; time < 3; time++) {
    assert.throws(() => router.locate('GET', '/keys/a?a=1&A=2'), /names 'a' twice/);
  }
});
