import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { covers, foldedScope, parseScope } from './scope.ts';

it('all spellings that clients send give the same scope', () => {
  const spellings: Readonly<Record<string, readonly string[]>> = {
    '/': ['', '/', '//', '///', '%2F', '/%2F', '/%2f/'],
    '/keys': ['keys', '/keys', '//keys', '/keys/', '%2Fkeys', '/KEYS'],
    '/keys/Tde-1': ['keys/Tde-1', '/keys/Tde-1', '//keys//Tde-1/', '/keys%2FTde-1', '%2Fkeys%2FTde-1', '/Keys/Tde-1'],
  };
  for (const [path, texts] of Object.entries(spellings)) {
    for (const text of texts) assert.equal(parseScope(text).path, path, text);
  }
});

it('anything else is refused', () => {
  for (const text of [
    'key',
    '/secrets',
    '/keys/a/b',
    '/keys/a/0123456789abcdef0123456789abcdef',
    '/keys/a b',
    '/keys/.',
    '/keys/..',
    '/keys/../keys',
    '/keys/ü',
    '/keys/%',
    '/keys/%252Fa',
    '/keys/a%00',
    '/keys/a\n',
    '/keysx',
    `/keys/${'a'.repeat(128)}`,
    '/'.repeat(513),
    '/keys/\u212a', // KELVIN SIGN, which lower-cases to k
    '/\u212aeys',
    '/key\u017f', // LONG S, which upper-cases to S
  ]) {
    assert.throws(() => parseScope(text), { name: 'ServiceError', code: 'BadParameter' }, text);
  }
});

it('key names are compared without regard to case, and whole', () => {
  assert.equal(foldedScope(parseScope('/keys/TDE')), foldedScope(parseScope('/keys/tde')));
  assert.ok(covers(parseScope('/keys/TDE'), parseScope('/keys/tde')));
  assert.ok(!covers(parseScope('/keys/tde'), parseScope('/keys/tde-2')));
});

it('a scope covers itself and what is below it, and nothing else', () => {
  const [root, keys, a, b] = ['/', '/keys', '/keys/a', '/keys/b'].map(parseScope);
  assert.ok(root && keys && a && b);
  const covered = [root, keys, a, b].map((outer) => [root, keys, a, b].map((inner) => covers(outer, inner)));
  assert.deepEqual(covered, [
    [true, true, true, true],
    [false, true, true, true],
    [false, false, true, false],
    [false, false, false, true],
  ]);
});

it('what parses prints back to a text that parses to the same, for all texts', () => {
  const text = fc.oneof(fc.string(), fc.stringMatching(/^\/?(keys)?\/?[a-zA-Z0-9-]{0,10}$/));
  fc.assert(
    fc.property(text, (given) => {
      let scope: ReturnType<typeof parseScope>;
      try {
        scope = parseScope(given);
      } catch (error) {
        assert.equal((error as Error).name, 'ServiceError');
        return;
      }
      assert.deepEqual(parseScope(scope.path), scope);
      assert.match(scope.path, /^\/(keys(\/[0-9a-zA-Z-]{1,127})?)?$/);
    }),
  );
});
