import assert from 'node:assert/strict';
import { it } from 'node:test';
import { AuthError } from './bearer.ts';
import { discoveredKeys, fetchJwks } from './fetch-jwks.ts';
import { AUDIENCE, claims, ISSUER, jwkSet, rsaKey, START, serveJwks, sign, TENANT } from './issuer.fixture.ts';
import { openTokenVerifier } from './verify-token.ts';

const KEY = rsaKey('first');
const NEXT = rsaKey('next');

it('finds the keys of an issuer over its discovery document, both over TLS with the configured authority', async () => {
  await using keys = await serveJwks([KEY]);
  const found = discoveredKeys(ISSUER, (uri, ca) =>
    uri === 'https://issuer.example/document'
      ? Promise.resolve({ issuer: ISSUER, jwks_uri: keys.uri })
      : fetchJwks(uri, ca),
  );
  assert.deepEqual(await found('https://issuer.example/document', keys.ca), JSON.parse(jwkSet([KEY])));
  assert.equal(keys.served, 1);
});

it('takes no document that is of another issuer, or whose keys are not at an https address, and then asks no further', async () => {
  const documents: readonly (readonly [unknown, RegExp])[] = [
    [{ issuer: `${ISSUER}x`, jwks_uri: 'https://issuer.example/keys' }, /another issuer/],
    [{ issuer: ISSUER.slice(0, -1), jwks_uri: 'https://issuer.example/keys' }, /another issuer/],
    [{ issuer: ISSUER.toUpperCase(), jwks_uri: 'https://issuer.example/keys' }, /another issuer/],
    [{ jwks_uri: 'https://issuer.example/keys' }, /another issuer/],
    [{ issuer: [ISSUER], jwks_uri: 'https://issuer.example/keys' }, /another issuer/],
    [{ issuer: ISSUER }, /where the keys are/],
    [{ issuer: ISSUER, jwks_uri: 'keys' }, /where the keys are/],
    [{ issuer: ISSUER, jwks_uri: `https://issuer.example/${'k'.repeat(2048)}` }, /where the keys are/],
    [{ issuer: ISSUER, jwks_uri: 'http://issuer.example/keys' }, /https/],
    [{ issuer: ISSUER, jwks_uri: 'file:///etc/passwd' }, /https/],
    [{ issuer: ISSUER, jwks_uri: 'https://user:word@issuer.example/keys' }, /https/],
    [[], /JSON object/],
    [null, /JSON object/],
  ];
  for (const [document, reason] of documents) {
    const asked: string[] = [];
    const found = discoveredKeys(ISSUER, async (uri) => {
      asked.push(uri);
      return document;
    });
    await assert.rejects(found('https://issuer.example/document', undefined), reason);
    assert.equal(asked.length, 1);
  }
});

it('follows a redirect neither of the document nor of the keys', async () => {
  await using elsewhere = await serveJwks([KEY]);
  elsewhere.answer = { status: 302, body: '' };
  await assert.rejects(discoveredKeys(ISSUER, fetchJwks)(elsewhere.uri, elsewhere.ca), /status 302/);
  const found = discoveredKeys(ISSUER, async (uri, ca) =>
    uri === 'document' ? { issuer: ISSUER, jwks_uri: elsewhere.uri } : fetchJwks(uri, ca),
  );
  await assert.rejects(found('document', elsewhere.ca), /status 302/);
});

it('verifies tokens of a discovered issuer; when its document changes hands, known keys go on and unknown ones cannot be told', async () => {
  let now = START;
  let document: unknown = { issuer: ISSUER, jwks_uri: 'https://keys.example/1' };
  const sets: Record<string, unknown> = { 'https://keys.example/1': JSON.parse(jwkSet([KEY])) as unknown };
  await using verifier = openTokenVerifier({
    issuers: [{ issuers: [ISSUER], audiences: [AUDIENCE], discovery: 'https://issuer.example/document' }],
    tenantId: TENANT,
    now: () => now,
    fetchJwks: async (uri) => (uri === 'https://issuer.example/document' ? document : sets[uri]),
  });
  assert.ok(await verifier.verify(await sign(KEY)));
  document = { issuer: 'https://attacker.example/', jwks_uri: 'https://keys.example/2' };
  sets['https://keys.example/2'] = JSON.parse(jwkSet([NEXT]));
  now += 700;
  assert.ok(await verifier.verify(await sign(KEY, claims({ jti: 'a known key' }))));
  await assert.rejects(
    async () => verifier.verify(await sign(NEXT)),
    (error) => error instanceof AuthError && error.code === 'IssuerUnavailable',
  );
  document = { issuer: ISSUER, jwks_uri: 'https://keys.example/2' };
  now += 31;
  assert.ok(await verifier.verify(await sign(NEXT)));
  await assert.rejects(
    async () => verifier.verify(await sign(KEY, claims({ jti: 'its key is gone' }))),
    (error) => error instanceof AuthError && error.code === 'BadSignature',
  );
});

it('wants one name of an issuer that is discovered, and an https address', () => {
  const discovery = 'https://issuer.example/document';
  const open = (issuers: readonly string[], at: string) =>
    openTokenVerifier({ issuers: [{ issuers, audiences: [AUDIENCE], discovery: at }], tenantId: TENANT });
  assert.throws(() => open([ISSUER, `${ISSUER}2`], discovery), /one name/);
  assert.throws(() => open([ISSUER], 'http://issuer.example/document'), /https/);
});
