import assert from 'node:assert/strict';
import { it } from 'node:test';
import { type AuthErrorCode, MAX_TOKEN } from './bearer.ts';
import { readBearer } from './verify-token.ts';

it('takes the token, whatever the case of the scheme', () => {
  assert.equal(readBearer('Bearer a.b.c'), 'a.b.c');
  assert.equal(readBearer('bEARER a.b.c'), 'a.b.c');
});

it('takes a token of the greatest length and none longer', () => {
  assert.equal(readBearer(`Bearer ${'a'.repeat(MAX_TOKEN)}`).length, MAX_TOKEN);
  refuses(`Bearer ${'a'.repeat(MAX_TOKEN + 1)}`, 'Malformed');
});

it('tells a missing header from a malformed one', () => {
  refuses(undefined, 'Missing');
  for (const header of ['', 'Bearer', 'Bearer ', 'Bearer  a', 'Bearer a b', 'Basic YTpi', ' Bearer a', 'Bearera']) {
    refuses(header, 'Malformed');
  }
});

function refuses(header: string | undefined, code: AuthErrorCode): void {
  assert.throws(() => readBearer(header), { name: 'AuthError', code });
}
