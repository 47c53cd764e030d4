import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { readRequestTarget } from './request-target.ts';
import { ServiceError } from './service-error.ts';

test('noise that clients make does not matter', () => {
  for (const path of ['/keys/a', '//keys/a', '/keys//a', '/keys/a/', '///keys//a//', '/%2F/keys%2Fa', '/%6Beys/a']) {
    assert.equal(readRequestTarget(path).path, '/keys/a', path);
  }
  assert.equal(readRequestTarget('/keys?api%2Dversion=2025-07-01').query.get('api-version'), '2025-07-01');
  assert.equal(readRequestTarget('/keys?%24skiptoken=YQ').query.get('$skiptoken'), 'YQ');
});

test('what two readers could understand differently is refused', () => {
  const tricks = [
    '/keys/../a',
    '/keys/%2e%2e/a',
    '/keys/./a',
    '/keys/..',
    '/a%00b',
    '/a%3Fb',
    '/a%23b',
    '/a;b',
    '/a%5Cb',
    '/a%25b',
    '/%ff',
    '/%',
    'http://x/keys',
    '*',
    '',
  ];
  for (const target of tricks) {
    assert.throws(
      () => readRequestTarget(target),
      (error: unknown) => error instanceof ServiceError && error.status === 400,
      target,
    );
  }
  assert.throws(() => readRequestTarget('/keys?api-version=7.6&API-version=7.5'), ServiceError);
});

test('for all targets: a path without empty or dot segments, or a refusal', () => {
  fc.assert(
    fc.property(fc.oneof(fc.webPath(), fc.string(), fc.stringMatching(/^\/(%2[fFeE]|\.|\/|k|%00)*$/)), (text) => {
      let path: string;
      try {
        path = readRequestTarget(`/${text}`).path;
      } catch (error) {
        assert.ok(error instanceof ServiceError && error.status === 400);
        return;
      }
      assert.ok(path.startsWith('/'));
      if (path === '/') return;
      for (const segment of path.slice(1).split('/'))
        assert.ok(segment !== '' && segment !== '.' && segment !== '..', path);
    }),
  );
});
