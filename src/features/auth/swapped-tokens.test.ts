// Tokens that mix what belongs to one issuer with what belongs to another, and names of keys that are meant as something else.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AuthError } from './bearer.ts';
import { AUDIENCE, claims, ISSUER, jwkSet, OID, rsaKey, START, sign, TENANT } from './issuer.fixture.ts';
import { openTokenVerifier } from './verify-token.ts';

const OTHER_ISSUER = 'https://other.example/';
const ours = rsaKey('ours');
const theirs = rsaKey('theirs');
/** Of the other issuer too, under the name of a key of ours. */
const posing = { ...rsaKey('ours'), kid: 'ours' };

const asked: string[] = [];
const verifier = openTokenVerifier({
  issuers: [
    { issuers: [ISSUER], audiences: [AUDIENCE], jwksUri: 'https://sts.example/keys' },
    {
      issuers: [OTHER_ISSUER],
      audiences: ['https://other-audience.example'],
      jwksUri: 'https://other.example/keys',
      claims: { objectId: 'sub', tenant: null, ids: 'derived' },
    },
  ],
  tenantId: TENANT,
  now: () => START,
  fetchJwks: (uri) => {
    asked.push(uri);
    return Promise.resolve(JSON.parse(jwkSet(uri.startsWith('https://sts.') ? [ours] : [theirs, posing])) as unknown);
  },
});

async function refused(token: string): Promise<string> {
  try {
    await verifier.verify(token);
    return 'accepted';
  } catch (error) {
    assert.ok(error instanceof AuthError, String(error));
    return error.code;
  }
}

test('one issuer’s keys sign nothing in the name of another, whatever name a key has', async () => {
  assert.equal((await verifier.verify(await sign(ours))).oid, OID);
  for (const key of [theirs, posing, { ...theirs, kid: 'ours' }])
    assert.equal(await refused(await sign(key)), 'BadSignature');
  const inTheirName = claims({ iss: OTHER_ISSUER, aud: 'https://other-audience.example', sub: 'bob' });
  await verifier.verify(await sign(theirs, inTheirName));
  await verifier.verify(await sign(posing, inTheirName));
  assert.equal(await refused(await sign(ours, inTheirName)), 'BadSignature');
});

test('an audience counts for the issuer that it was agreed on with, and for no other', async () => {
  assert.equal(await refused(await sign(theirs, claims({ iss: OTHER_ISSUER }))), 'WrongAudience');
  assert.equal(await refused(await sign(ours, claims({ aud: 'https://other-audience.example' }))), 'WrongAudience');
});

test('the name of a key is a name: it is no path, no address and no query', async () => {
  const before = new Set(asked);
  for (const kid of [
    '../../../../dev/null',
    '/proc/self/environ',
    'https://evil.example/key',
    "ours' OR '1'='1",
    'ours\u0000',
    'OURS',
    ' ours',
    '__proto__',
    'constructor',
    'toString',
  ]) {
    assert.equal(await refused(await sign({ ...ours, kid })), 'BadSignature', kid);
  }
  assert.deepEqual(new Set(asked), before);
});

test('an enormous text that is no token is refused like any other; how much comes at all is for the listener', async () => {
  for (const text of [
    `${'a'.repeat(500_000)}.${'b'.repeat(500_000)}.c`,
    '.'.repeat(1_000_000),
    'a'.repeat(1_000_000),
  ]) {
    assert.equal(await refused(text), 'Malformed');
  }
  const groups = Array.from({ length: 200 }, () => OID);
  const longest = await sign(ours, claims({ groups }));
  assert.ok(longest.length > 8_000);
  assert.equal((await verifier.verify(longest)).oid, OID);
});
