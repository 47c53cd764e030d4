import assert from 'node:assert/strict';
import { it } from 'node:test';
import { fetchJwks, MAX_JWKS_BYTES } from './fetch-jwks.ts';
import { rsaKey, serveJwks } from './issuer.fixture.ts';

const KEY = rsaKey('a');

it('answers the parsed key set', async () => {
  await using server = await serveJwks([KEY]);
  assert.deepEqual(await fetchJwks(server.uri, server.ca), { keys: [KEY.jwk] });
});

it('does not speak http', async () => {
  await assert.rejects(fetchJwks('http://127.0.0.1:1/keys', undefined), /https only/);
});

it('trusts no certificate that the configured authority has not issued', async () => {
  await using server = await serveJwks([KEY]);
  await assert.rejects(fetchJwks(server.uri, undefined), { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' });
  assert.equal(server.served, 0);
});

it('follows no redirect and takes no other status', async () => {
  await using server = await serveJwks([KEY]);
  for (const status of [201, 302, 404, 500]) {
    server.answer = { status, body: '{"keys":[]}' };
    await assert.rejects(fetchJwks(server.uri, server.ca), new RegExp(`status ${status}`));
  }
});

it('stops reading an answer that is too large', async () => {
  await using server = await serveJwks([KEY]);
  server.answer = { status: 200, body: ' '.repeat(MAX_JWKS_BYTES + 1) };
  await assert.rejects(fetchJwks(server.uri, server.ca), /larger than/);
});

it('refuses what is not JSON in UTF-8', async () => {
  await using server = await serveJwks([KEY]);
  server.answer = { status: 200, body: '<html>' };
  await assert.rejects(fetchJwks(server.uri, server.ca), /not JSON/);
});

it('gives up when nobody answers', async () => {
  const server = await serveJwks([KEY]);
  await server[Symbol.asyncDispose]();
  await assert.rejects(fetchJwks(server.uri, server.ca), { code: 'ECONNREFUSED' });
});

it('gives up when the answer does not end', async () => {
  await using server = await serveJwks([KEY]);
  server.answer = { status: 200, body: '', hang: true };
  await assert.rejects(fetchJwks(server.uri, server.ca, 100), { name: /AbortError|TimeoutError/ });
});
