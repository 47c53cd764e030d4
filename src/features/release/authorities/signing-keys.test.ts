import assert from 'node:assert/strict';
import { test } from 'node:test';
import { jwksOf, makeAuthority } from '../../../tools/release/authority/issue-token.ts';
import { openAuthorityKeys } from './signing-keys.ts';
import type { TrustedAuthority } from './trusted.ts';

const authority = makeAuthority('https://a.localhost');
const jwks = jwksOf(authority) as { keys: { kid: string }[] };
const kid = jwks.keys[0]?.kid ?? '';
const fetched: TrustedAuthority = { authority: authority.authority, keys: { kind: 'fetched', ca: 'PEM' } };

function server(documents: Readonly<Record<string, unknown>>) {
  const asked: string[] = [];
  return {
    asked,
    fetch(uri: string, ca: string | undefined): Promise<unknown> {
      asked.push(`${uri} ${ca ?? 'system'}`);
      return uri in documents ? Promise.resolve(documents[uri]) : Promise.reject(new Error('nothing there'));
    },
  };
}

test('pinned keys need no network', async () => {
  const { asked, fetch } = server({});
  await using keys = openAuthorityKeys(() => 0, fetch);
  const pinned: TrustedAuthority = { authority: authority.authority, keys: { kind: 'pinned', jwks } };
  assert.equal((await keys.find(pinned, kid))?.kid, kid);
  assert.equal(await keys.find(pinned, 'other'), undefined);
  assert.deepEqual(asked, []);
});

test('fetched keys come from the set that the configuration names, by the authority given', async () => {
  const { asked, fetch } = server({
    'https://a.localhost/.well-known/openid-configuration': { jwks_uri: 'https://a.localhost/certs' },
    'https://a.localhost/certs': jwks,
  });
  await using keys = openAuthorityKeys(() => 0, fetch);
  assert.equal((await keys.find(fetched, kid))?.kid, kid);
  assert.equal((await keys.find(fetched, kid))?.kid, kid);
  assert.deepEqual(asked, [
    'https://a.localhost/.well-known/openid-configuration PEM',
    'https://a.localhost/certs PEM',
  ]);
  // Another authority for the connection is another record: nothing that was kept counts for it.
  await keys.find({ ...fetched, keys: { kind: 'fetched' } }, kid);
  assert.equal(asked[2], 'https://a.localhost/.well-known/openid-configuration system');
});

test('a key set of another server is not used, nor one that is no key set', async () => {
  for (const document of [
    { jwks_uri: 'https://b.localhost/certs' },
    { jwks_uri: 'http://a.localhost/certs' },
    { jwks_uri: 7 },
    {},
    null,
  ]) {
    const { fetch } = server({
      'https://a.localhost/.well-known/openid-configuration': document,
      'https://b.localhost/certs': jwks,
      'http://a.localhost/certs': jwks,
    });
    await using keys = openAuthorityKeys(() => 0, fetch);
    await assert.rejects(keys.find(fetched, kid), { code: 'IssuerUnavailable' });
  }
});
