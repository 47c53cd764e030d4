import assert from 'node:assert/strict';
import { test } from 'node:test';
import { missingPersonMark, readTrustedIssuers } from './trusted-issuers.ts';

const issuer = { issuers: ['https://id.example/'], audiences: ['hsm'], jwksUri: 'https://id.example/keys' };
const { jwksUri: _, ...bare } = issuer;
const discovery = 'https://id.example/.well-known/openid-configuration';
const claims = {
  objectId: 'sub',
  tenant: null,
  application: ['client', 'id'],
  userName: 'email',
  groups: 'roles',
  groupsSeparator: ',',
  ids: 'derived',
  overage: 'refuse',
  applicationMark: { claim: 'typ', value: 'service' },
  personMark: { claim: ['realm_access', 'roles'], value: 'person' },
};

test('all there is to say of an issuer is read', () => {
  const full = { ...issuer, armAudiences: ['arm'], vaultAudiences: ['v'], caFile: '/ca.pem', clockSkew: 0, claims };
  const second = { ...bare, issuers: ['https://b.example/'], discovery, claims: { ids: 'derived', personMark: null } };
  assert.deepEqual(readTrustedIssuers([full, second], 'issuers'), [full, second]);
});

test('what is wrong is named', () => {
  const wrong: readonly (readonly [unknown, RegExp])[] = [
    [[], /^issuers must not be empty$/],
    [[{ ...issuer, audience: 'hsm' }], /^issuers\[0\] has the unknown member "audience"$/],
    [[{ ...issuer, issuers: [] }], /^issuers\[0\]\.issuers must not be empty$/],
    [[{ ...issuer, audiences: 'hsm' }], /^issuers\[0\]\.audiences must be a list$/],
    [[{ ...issuer, jwksUri: 'http://id.example/keys' }], /^issuers\[0\]\.jwksUri must be an https address$/],
    [[{ ...issuer, jwksUri: 'https://a:b@id.example/keys' }], /^issuers\[0\]\.jwksUri must be an https address$/],
    [[{ ...issuer, discovery }], /^issuers\[0\] must have either jwksUri or discovery/],
    [[bare], /^issuers\[0\] must have either jwksUri or discovery/],
    [[{ ...bare, discovery, issuers: ['a', 'b'] }], /^issuers\[0\]\.issuers must be the one name/],
    [[{ ...bare, discovery, keysFile: '/keys.json' }], /^issuers\[0\]\.keysFile goes with jwksUri/],
    [[{ ...issuer, clockSkew: -1 }], /^issuers\[0\]\.clockSkew must be an integer from 0 to 300$/],
    [[{ ...issuer, clockSkew: 301 }], /clockSkew/],
    [[{ ...issuer, caFile: 'ca.pem' }], /^issuers\[0\]\.caFile must be the absolute path/],
    [[{ ...issuer, claims: { oid: 'sub' } }], /^issuers\[0\]\.claims has the unknown member "oid"$/],
    [[{ ...issuer, claims: { ids: 'any' } }], /^issuers\[0\]\.claims\.ids must be one of: guid, derived$/],
    [[{ ...issuer, claims: { groups: [] } }], /^issuers\[0\]\.claims\.groups must not be empty$/],
    [[{ ...issuer, claims: { groupsSeparator: '' } }], /groupsSeparator must be one character$/],
    [[{ ...issuer, claims: { objectId: null } }], /^issuers\[0\]\.claims\.objectId must be a list$/],
    [[{ ...issuer, claims: { applicationMark: { claim: 'a' } } }], /applicationMark\.value is missing$/],
    [[{ ...issuer, claims: { personMark: { value: 'a' } } }], /personMark\.claim is missing$/],
    [[{ ...issuer, claims: { objectId: 'sub', applicationMark: { claim: 'a', value: 'b' } } }], /open who is a person/],
    [[issuer, { ...issuer, claims }], /^issuers names the issuer https:\/\/id\.example\/ twice$/],
    [[issuer, { ...issuer, issuers: ['https://b.example/'] }], /more than one issuer names people by GUID/],
  ];
  for (const [value, reason] of wrong) {
    assert.throws(() => readTrustedIssuers(value, 'issuers'), { name: 'ShapeError', message: reason });
  }
});

test('an issuer that names people in its own way has to say who is one', () => {
  const named = (mapping: object) =>
    readTrustedIssuers([issuer, { ...bare, issuers: ['https://b.example/'], discovery, claims: mapping }], 'issuers');
  assert.match(
    missingPersonMark(named({ objectId: 'sub', ids: 'derived' })) ?? '',
    /^issuers\[1\]\.claims\.personMark is missing: .* tokens of https:\/\/b\.example\/ are of people.* null if it has no people$/,
  );
  for (const personMark of [null, { claim: 'kind', value: 'person' }]) {
    assert.equal(missingPersonMark(named({ objectId: 'sub', ids: 'derived', personMark })), undefined);
  }
  assert.match(
    missingPersonMark(readTrustedIssuers([{ ...issuer, claims: { objectId: 'sub' } }], 'issuers')) ?? '',
    /issuers\[0\]/,
  );
  assert.equal(
    missingPersonMark(readTrustedIssuers([{ ...issuer, claims: { userName: 'email' } }], 'issuers')),
    undefined,
  );
});
