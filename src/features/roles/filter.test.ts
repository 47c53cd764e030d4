import assert from 'node:assert/strict';
import { it } from 'node:test';
import { readRoleFilter } from './filter.ts';

const ID = 'aaaaaaaa-0000-4000-8000-000000000001';

it('reads the forms that clients send', () => {
  const none = { reach: undefined, principalId: undefined };
  assert.deepEqual(readRoleFilter(undefined), none);
  assert.deepEqual(readRoleFilter(''), none);
  assert.deepEqual(readRoleFilter('atScope()'), { reach: 'at-scope', principalId: undefined });
  assert.deepEqual(readRoleFilter('ATSCOPEANDBELOW()'), { reach: 'at-scope-and-below', principalId: undefined });
  for (const text of [`principalId eq '${ID}'`, `principalId eq ${ID}`, `principalid EQ '${ID.toUpperCase()}'`]) {
    assert.deepEqual(readRoleFilter(text), { reach: undefined, principalId: ID });
  }
  for (const text of [`atScope() and principalId eq '${ID}'`, `principalId eq ${ID} AND atScope()`]) {
    assert.deepEqual(readRoleFilter(text), { reach: 'at-scope', principalId: ID });
  }
});

it('refuses everything else instead of answering more than was asked for', () => {
  for (const text of [
    'atScope',
    'atScope() and',
    'and',
    'atScope() or atScopeAndBelow()',
    'atScope() and atScope()',
    'atScope() and atScopeAndBelow()',
    `principalId eq '${ID}' and principalId eq '${ID}'`,
    `principalId ne '${ID}'`,
    `principalId eq '${ID}`,
    `principalId eq ''`,
    `principalId eq 'x'`,
    `principalId eq '${ID}' or 1 eq 1`,
    `assignedTo('${ID}')`,
    "type eq 'CustomRole'",
    `atScope()${' '.repeat(2000)}`.concat('x'),
  ]) {
    assert.throws(() => readRoleFilter(text), { name: 'ServiceError', code: 'BadParameter' }, text);
  }
});
