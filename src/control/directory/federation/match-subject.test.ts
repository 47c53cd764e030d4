import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { matchesSubject, wrongPattern } from './match-subject.ts';

const pattern = (subject: string, given: string): boolean => matchesSubject({ subject, match: 'pattern' }, given);

test('an exact subject is compared as a whole, stars included', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (rule, given) => {
      assert.equal(matchesSubject({ subject: rule, match: 'exact' }, given), rule === given);
    }),
  );
  assert.equal(matchesSubject({ subject: 'a:*', match: 'exact' }, 'a:b'), false);
});

test('a star stands for one or more characters of one part, and the whole subject must match', () => {
  const rule = 'repo:org/name:ref:refs/heads/*';
  assert.equal(pattern(rule, 'repo:org/name:ref:refs/heads/main'), true);
  assert.equal(pattern(rule, 'repo:org/name:ref:refs/heads/feature/x'), true);
  for (const given of [
    'repo:org/name:ref:refs/heads/',
    'repo:org/name:ref:refs/heads/main:extra',
    'repo:org/name:ref:refs/tags/main',
    'repo:org/name2:ref:refs/heads/main',
    'xrepo:org/name:ref:refs/heads/main',
    'repo:org/name:pull_request',
    'repo:org/name:environment:refs/heads/main',
    '',
  ]) {
    assert.equal(pattern(rule, given), false, given);
  }
  assert.equal(pattern('repo:org/a*b*c:x', 'repo:org/a1b2c:x'), true);
  assert.equal(pattern('repo:org/a*b*c:x', 'repo:org/abbc:x'), false);
  assert.equal(pattern('repo:org/a*b*c:x', 'repo:org/a1bc:x'), false);
  assert.equal(pattern('a:.*', 'a:bc'), false);
  assert.equal(pattern('a:.+*', 'a:.+x'), true);
});

test('it says the same as the regular expression that it stands for', () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'b', ':', '.'), maxLength: 8 });
  const rule = fc.string({ unit: fc.constantFrom('a', 'b', ':', '.', '*'), maxLength: 8 });
  fc.assert(
    fc.property(rule, text, (subject, given) => {
      if (subject.includes('**')) return;
      const expected = new RegExp(`^${subject.replaceAll('.', '\\.').replaceAll('*', '[^:]+')}$`);
      assert.equal(pattern(subject, given), expected.test(given), `${subject} ${given}`);
    }),
    { numRuns: 2000 },
  );
});

test('a long subject costs no more than its length', () => {
  const rule = `a:${'*a'.repeat(250)}*b`;
  assert.equal(pattern(rule, `a:${'a'.repeat(10_000)}`), false);
});

test('patterns that would let anybody in, or mean nothing, are refused', () => {
  assert.equal(wrongPattern('repo:org/*:ref:refs/heads/main'), undefined);
  assert.match(wrongPattern('repo:org') ?? '', /no \*/);
  assert.match(wrongPattern('repo:**') ?? '', /two \*/);
  for (const rule of ['*', '*:a', 'r*po:org/name:x', ':*']) assert.match(wrongPattern(rule) ?? '', /must begin/, rule);
});
