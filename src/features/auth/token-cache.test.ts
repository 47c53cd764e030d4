import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { Principal } from '../../http/principal.ts';
import { tokenCache } from './token-cache.ts';

function principal(oid: string): Principal {
  return { oid, tenantId: 't', idType: 'app', groups: [], expiresAt: 1, cacheIdentityJson: '{}' };
}

it('never holds more than its limit, and keeps what is in use', () => {
  const cache = tokenCache<Principal>(10);
  const used = principal('used');
  cache.set('used', used);
  for (let n = 0; n < 100; n++) {
    cache.set(`${n}`, principal(`${n}`));
    assert.ok(cache.size <= 10);
    assert.equal(cache.get('used'), used);
  }
});

it('drops what has not been used for a whole generation, but not before', () => {
  const cache = tokenCache<Principal>(4);
  cache.set('first', principal('first'));
  cache.set('a', principal('a'));
  cache.set('b', principal('b'));
  assert.equal(cache.get('first')?.oid, 'first');
  for (const name of ['c', 'd', 'e', 'f']) cache.set(name, principal(name));
  assert.equal(cache.get('first'), undefined);
});

it('holds a token once, in whichever generation', () => {
  const cache = tokenCache<Principal>(4);
  for (const name of ['a', 'b', 'c', 'a']) cache.set(name, principal(name));
  assert.equal(cache.size, 3);
  cache.delete('a');
  assert.equal(cache.get('a'), undefined);
  cache.clear();
  assert.equal(cache.size, 0);
  assert.equal(cache.get('b'), undefined);
});
