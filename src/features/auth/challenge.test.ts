import assert from 'node:assert/strict';
import { it } from 'node:test';
import { challenge } from './challenge.ts';

const AUTHORIZATION = 'https://login.example.org:8443/11111111-2222-4333-8444-555555555555';
const RESOURCE = 'https://managedhsm.localhost:8443';

it('is exactly what the service sends', () => {
  assert.equal(
    challenge({ authorization: AUTHORIZATION, resource: RESOURCE }),
    `Bearer authorization="${AUTHORIZATION}", resource="${RESOURCE}"`,
  );
});

it('is refused when a client would read another tenant, scope or parameter out of it', () => {
  for (const authorization of [
    `${AUTHORIZATION}/`,
    `${AUTHORIZATION}/v2.0`,
    'https://login.example.org',
    'http://login.example.org/t',
    'https://login.example.org/a,b',
    'https://login.example.org/a=b',
    'https://login.example.org/a" x="',
  ]) {
    assert.throws(() => challenge({ authorization, resource: RESOURCE }), RangeError, authorization);
  }
  for (const resource of [
    'https://x.example/',
    'http://x.example',
    'x.example',
    'https://x.example, y',
    'https://x"',
  ]) {
    assert.throws(() => challenge({ authorization: AUTHORIZATION, resource }), RangeError, resource);
  }
});
