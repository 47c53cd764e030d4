import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import type { ClaimMapping } from '../../http/claim-mapping.ts';
import { AuthError, type AuthErrorCode } from './bearer.ts';
import { claimOf, derivedObjectId } from './claim-mapping.ts';
import { readPrincipal } from './claims.ts';
import { AUDIENCE, claims, ISSUER, OID, START, TENANT } from './issuer.fixture.ts';

const read = (payload: Readonly<Record<string, unknown>>, mapping: ClaimMapping, clockSkew?: number) =>
  readPrincipal(payload, {
    issuer: ISSUER,
    audiences: [AUDIENCE],
    tenantId: TENANT,
    now: START,
    mapping,
    ...(clockSkew === undefined ? {} : { clockSkew }),
  });

function refuses(code: AuthErrorCode, act: () => unknown): void {
  assert.throws(act, (error) => error instanceof AuthError && error.code === code);
}

/** As an issuer that knows no GUIDs writes them. */
const FOREIGN = claims({
  oid: undefined,
  tid: undefined,
  sub: 'CgVhbGljZRIFbG9jYWw',
  groups: ['admins'],
  email: 'alice@bank.example',
});
const DERIVED: ClaimMapping = { objectId: 'sub', tenant: null, userName: 'email', ids: 'derived' };

it('makes an object id of any name, the same every time and of a known form', () => {
  const { oid, upn, groups, idType } = read(FOREIGN, DERIVED);
  assert.match(oid, /^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  assert.equal(read(FOREIGN, DERIVED).oid, oid);
  assert.equal(upn, 'alice@bank.example');
  assert.equal(idType, 'app', 'nothing says that she is a person');
  assert.deepEqual(groups, [derivedObjectId(ISSUER, 'group', 'admins')]);
  // Written down where people look it up; it must never change.
  assert.equal(derivedObjectId('https://dex.example', 'principal', 'alice'), KNOWN);
});
const KNOWN = '776d828f-ffa8-54b8-b846-bca2a8bea1a5';

it('for all issuers and names: another issuer, kind or name is somebody else', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), fc.string(), fc.string(), (issuer, name, otherIssuer, otherName) => {
      const id = derivedObjectId(issuer, 'principal', name);
      assert.notEqual(derivedObjectId(issuer, 'group', name), id);
      assert.equal(
        derivedObjectId(otherIssuer, 'principal', otherName) === id,
        issuer === otherIssuer && name === otherName,
      );
    }),
  );
});

it('beside an issuer whose ids are made, the one that gives GUIDs names none of that form', () => {
  const beside = { issuer: ISSUER, audiences: [AUDIENCE], tenantId: TENANT, now: START, besideDerived: true };
  for (const made of [KNOWN, KNOWN.toUpperCase()]) {
    refuses('NoObjectId', () => readPrincipal(claims({ oid: made }), beside));
    assert.equal(readPrincipal(claims({ oid: made }), { ...beside, besideDerived: false }).oid, KNOWN);
    assert.deepEqual(readPrincipal(claims({ groups: [made, OID] }), beside).groups, [OID]);
  }
  fc.assert(
    fc.property(fc.string(), fc.constantFrom('principal' as const, 'group' as const), (name, kind) => {
      const made = derivedObjectId('https://dex.example', kind, name);
      refuses('NoObjectId', () => readPrincipal(claims({ oid: made }), beside));
      assert.deepEqual(readPrincipal(claims({ groups: [made] }), beside).groups, []);
    }),
  );
  // The random ones that issuers give, and forms that no made one has.
  for (const own of [OID, '776d828f-ffa8-44b8-b846-bca2a8bea1a5', '776d828f-ffa8-54b8-3846-bca2a8bea1a5']) {
    assert.equal(readPrincipal(claims({ oid: own }), beside).oid, own);
  }
  const sub = 'alice';
  assert.match(readPrincipal({ ...FOREIGN, sub }, { ...beside, mapping: DERIVED }).oid, /^.{14}5/);
});

it('reads a claim by the names on the way to it, and nothing that objects have by nature', () => {
  const nested = { realm_access: { roles: ['r'] }, 'a.b': 1 };
  assert.deepEqual(claimOf(nested, ['realm_access', 'roles']), ['r']);
  assert.equal(claimOf(nested, 'a.b'), 1);
  for (const name of ['toString', '__proto__', ['realm_access', 'roles', 'length'], ['a.b', 'x']]) {
    assert.equal(claimOf(nested, name), undefined);
  }
});

it('without a subject there is nobody', () => {
  for (const sub of [undefined, '', 7, 'x'.repeat(513)])
    refuses('NoObjectId', () => read({ ...FOREIGN, sub }, DERIVED));
});

it('checks the tenant unless the issuer has only one', () => {
  refuses('WrongTenant', () => read(FOREIGN, { ...DERIVED, tenant: 'tid' }));
  refuses('WrongTenant', () => read({ ...FOREIGN, org: 'other' }, { ...DERIVED, tenant: 'org' }));
  assert.ok(read({ ...FOREIGN, org: TENANT }, { ...DERIVED, tenant: 'org' }));
});

it('knows an application by the mark that is configured, and by nothing else then', () => {
  const mapping: ClaimMapping = { applicationMark: { claim: 'kind', value: 'service' } };
  assert.equal(read(claims({ kind: 'service', upn: 'x' }), mapping).idType, 'app');
  for (const kind of [undefined, 'user', true])
    assert.equal(read(claims({ kind, idtyp: 'app' }), mapping).idType, 'user');
});

it('takes nobody of an issuer with claims of its own for a person, unless it is marked', () => {
  // As Keycloak, Okta and Auth0 write tokens of programs, and what such a mapping may name.
  const programs = [
    { preferred_username: 'service-account-batch', clientHost: '10.0.0.1', scope: 'profile email' },
    { cid: '0oa1', scp: ['hsm'] },
    { gty: 'client-credentials', azp: 'x', upn: 'x@clients', idtyp: 'user' },
  ];
  const mappings: readonly ClaimMapping[] = [
    { ...DERIVED, userName: 'preferred_username' },
    { objectId: 'sub', tenant: null, userName: 'preferred_username' },
  ];
  const personMark = { claim: ['realm_access', 'roles'], value: 'person' };
  for (const mapping of mappings) {
    for (const program of programs) {
      const token = claims({ ...program, sub: OID });
      assert.equal(read(token, mapping).idType, 'app');
      assert.equal(read(token, { ...mapping, personMark }).idType, 'app');
      assert.equal(read(token, { ...mapping, personMark: null }).idType, 'app');
      const person = { ...token, realm_access: { roles: ['offline_access', 'person'] } };
      assert.equal(read(person, { ...mapping, personMark }).idType, 'user');
      assert.equal(read(person, { ...mapping, personMark: null }).idType, 'app');
      const applicationMark = { claim: 'sub', value: OID };
      assert.equal(read(person, { ...mapping, personMark, applicationMark }).idType, 'app');
      assert.equal(read(person, { ...mapping, applicationMark: { claim: 'kind', value: 'x' } }).idType, 'app');
    }
  }
});

it('with ids as Entra ID gives them, a name that is shown makes no person', () => {
  const mapping: ClaimMapping = { userName: 'preferred_username' };
  assert.equal(read(claims({ preferred_username: 'service-account-x' }), mapping).idType, 'app');
  assert.equal(read(claims({ preferred_username: 'ann', scp: 'user_impersonation' }), mapping).idType, 'user');
  assert.equal(read(claims({ scp: 'x' }), { personMark: { claim: 'idtyp', value: 'user' } }).idType, 'app');
});

it('groups that were left out are none, or refuse the caller where all are wanted', () => {
  const left = claims({ groups: undefined, _claim_names: { groups: 'src1' } });
  assert.deepEqual(read(left, {}).groups, []);
  refuses('GroupsOverage', () => read(left, { overage: 'refuse' }));
  assert.equal(read(left, {}).groupsLeftOut, true);
  for (const hasgroups of [true, 'true']) {
    const short = claims({ hasgroups, groups: [OID] });
    assert.deepEqual(read(short, {}).groups, []);
    assert.equal(read(short, {}).groupsLeftOut, true);
    refuses('GroupsOverage', () => read(short, { overage: 'refuse' }));
  }
  for (const hasgroups of [false, undefined, 'no']) {
    assert.equal(read(claims({ hasgroups }), { overage: 'refuse' }).groupsLeftOut, undefined);
  }
  assert.deepEqual(read(claims({ groups: ['not a guid', OID.toUpperCase(), OID] }), {}).groups, [OID]);
});

it('allows the issuer’s clock to be ahead as far as configured', () => {
  const ahead = claims({ nbf: START + 200 });
  refuses('NotYetValid', () => read(ahead, {}));
  assert.ok(read(ahead, {}, 200));
  refuses('NotYetValid', () => read(claims({ nbf: START + 1 }), {}, 0));
  refuses('Expired', () => read(claims({ exp: START }), {}, 300));
});

it('takes groups in one text apart where the configuration says at what', () => {
  const mapping: ClaimMapping = { ...DERIVED, groups: 'groups', groupsSeparator: ',' };
  const payload = { iss: ISSUER, sub: 'ann', groups: 'operators,,staff,operators' };
  const expected = ['operators', 'staff'].map((name) => derivedObjectId(ISSUER, 'group', name));
  assert.deepEqual(read(claims(payload), mapping).groups, expected);
  assert.deepEqual(read(claims({ ...payload, groups: '' }), mapping).groups, []);
  assert.deepEqual(read(claims({ ...payload, groups: ['a,b'] }), mapping).groups, [
    derivedObjectId(ISSUER, 'group', 'a,b'),
  ]);
  assert.throws(() => read(claims(payload), { ...mapping, groupsSeparator: undefined as never }), /not a list/);
});
