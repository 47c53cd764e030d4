import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Principal } from '../../http/principal.ts';
import { AuthError, type AuthErrorCode } from './bearer.ts';
import { derivedObjectId } from './claim-mapping.ts';
import {
  AUDIENCE,
  claims,
  ecKey,
  ISSUER,
  jwkSet,
  type KeyPair,
  OID,
  rsaKey,
  START,
  serveJwks,
  sign,
  TENANT,
} from './issuer.fixture.ts';
import { type Issuer, openTokenVerifier, type TokenVerifier } from './verify-token.ts';

const RSA = rsaKey('rsa');
const EC = ecKey('ec');
const OTHER = rsaKey('other');

interface Setting {
  readonly verifier: TokenVerifier;
  readonly clock: { now: number };
  /** How often the key set was asked for. */
  readonly fetches: () => number;
  keys: readonly KeyPair[] | undefined;
}

function setting(keys: readonly KeyPair[] = [RSA, EC], maxCached?: number): Setting {
  const clock = { now: START };
  let count = 0;
  const verifier = openTokenVerifier({
    issuers: [{ issuers: [ISSUER], audiences: [AUDIENCE, `${AUDIENCE}/`], jwksUri: 'https://sts.example/keys' }],
    tenantId: TENANT,
    now: () => clock.now,
    fetchJwks: () => {
      count += 1;
      if (made.keys === undefined) return Promise.reject(new Error('the issuer is away'));
      return Promise.resolve(JSON.parse(jwkSet(made.keys)) as unknown);
    },
    ...(maxCached === undefined ? {} : { maxCached }),
  });
  const made: Setting = { verifier, clock, fetches: () => count, keys };
  return made;
}

function principalNow(verifier: TokenVerifier, token: string): Principal {
  const principal = verifier.verify(token);
  assert.ok(!(principal instanceof Promise));
  return principal;
}

async function refusedWith(code: AuthErrorCode, verify: () => Principal | Promise<Principal>): Promise<void> {
  await assert.rejects(
    async () => verify(),
    (error) => {
      assert.ok(error instanceof AuthError, String(error));
      assert.equal(error.code, code);
      return true;
    },
  );
}

function base64url(value: unknown): string {
  return Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
}

describe('a token of a trusted issuer', () => {
  it('gives its principal, in lower case, with the identity for the record', async () => {
    const { verifier } = setting();
    const group = 'ABCDEFAB-0000-4000-8000-000000000001';
    const token = await sign(
      RSA,
      claims({ oid: OID.toUpperCase(), appid: 'app-1', upn: 'ann@example.org', groups: [group, 'not a guid', group] }),
    );
    assert.deepEqual(await verifier.verify(token), {
      oid: OID,
      tenantId: TENANT,
      appId: 'app-1',
      upn: 'ann@example.org',
      idType: 'user',
      groups: [group.toLowerCase()],
      expiresAt: START + 3600,
      cacheIdentityJson:
        `{"claim":{"appid":"app-1","http_schemas_microsoft_com_identity":{"claims":{"objectidentifier":"${OID}"}},` +
        '"http_schemas_xmlsoap_org_ws_2005_05_identity":{"claims":{"upn":"ann@example.org"}}}}',
    });
  });

  it('is answered without a promise the second time, as the same object', async () => {
    const { verifier, fetches } = setting();
    const token = await sign(RSA);
    const first = await verifier.verify(token);
    assert.equal(verifier.verify(token), first);
    assert.equal(fetches(), 1);
  });

  it('may be signed with RSA, PSS or ECDSA of every size', async () => {
    const keys = [
      ...['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'].map((alg) => rsaKey(alg, alg)),
      EC,
      ecKey('p384', 'P-384', 'ES384'),
      ecKey('p521', 'P-521', 'ES512'),
    ];
    const { verifier } = setting(keys);
    for (const key of keys) assert.equal((await verifier.verify(await sign(key))).oid, OID, key.alg);
  });

  it('may have one matching audience among several', async () => {
    const { verifier } = setting();
    assert.equal((await verifier.verify(await sign(RSA, claims({ aud: ['x', `${AUDIENCE}/`] })))).oid, OID);
  });

  it('of an application is told by idtyp, or by the lack of what users have', async () => {
    const { verifier } = setting();
    const idType = async (changes: Record<string, unknown>): Promise<string> =>
      (await verifier.verify(await sign(RSA, claims(changes)))).idType;
    assert.equal(await idType({ idtyp: 'app', scp: 'x' }), 'app');
    assert.equal(await idType({ idtyp: 'user' }), 'user');
    assert.equal(await idType({ scp: 'user_impersonation' }), 'user');
    assert.equal(await idType({}), 'app');
  });

  it('has no groups when the issuer left them out for number', async () => {
    const { verifier } = setting();
    const overage = claims({ _claim_names: { groups: 'src1' }, groups: ['ABCDEFAB-0000-4000-8000-000000000001'] });
    assert.deepEqual((await verifier.verify(await sign(RSA, overage))).groups, []);
  });
});

describe('a token is refused', () => {
  const cases: readonly (readonly [string, AuthErrorCode, Record<string, unknown>])[] = [
    ['of an issuer that only resembles ours', 'WrongIssuer', { iss: ISSUER.slice(0, -1) }],
    ['without an issuer', 'WrongIssuer', { iss: undefined }],
    ['with a list for an issuer', 'WrongIssuer', { iss: [ISSUER] }],
    ['for another audience', 'WrongAudience', { aud: `${AUDIENCE}.evil.example` }],
    ['without an audience', 'WrongAudience', { aud: undefined }],
    ['with an empty list of audiences', 'WrongAudience', { aud: [] }],
    ['of another tenant', 'WrongTenant', { tid: OID }],
    ['without a tenant', 'WrongTenant', { tid: undefined }],
    ['at the second of its expiry', 'Expired', { exp: START }],
    ['without an expiry', 'Malformed', { exp: undefined }],
    ['with a text for an expiry', 'Malformed', { exp: String(START + 100) }],
    ['more than a minute before its time', 'NotYetValid', { nbf: START + 61 }],
    ['without an object id', 'NoObjectId', { oid: undefined }],
    ['with an object id that is no GUID', 'NoObjectId', { oid: 'admin' }],
    ['with groups that are not a list of strings', 'Malformed', { groups: [1] }],
    ['with an overlong client id', 'Malformed', { appid: 'a'.repeat(513) }],
  ];
  for (const [name, code, changes] of cases) {
    it(name, async () => {
      const { verifier } = setting();
      await refusedWith(code, async () => verifier.verify(await sign(RSA, claims(changes))));
    });
  }

  it('as soon as it expires, also when it was accepted before', async () => {
    const { verifier, clock } = setting();
    const token = await sign(RSA);
    await verifier.verify(token);
    clock.now = START + 3599.9;
    assert.equal((await verifier.verify(token)).oid, OID);
    clock.now = START + 3600;
    await refusedWith('Expired', () => verifier.verify(token));
    await refusedWith('Expired', () => verifier.verify(token));
  });

  it('unsigned, in every spelling of none', async () => {
    const { verifier } = setting();
    for (const alg of ['none', 'None', 'NONE', '']) {
      const token = `${base64url({ alg, kid: 'rsa', typ: 'JWT' })}.${base64url(claims())}.`;
      await refusedWith('BadSignature', () => verifier.verify(token));
    }
  });

  it('signed by HMAC with the public key as the secret', async () => {
    const { verifier } = setting();
    const input = `${base64url({ alg: 'HS256', kid: 'rsa', typ: 'JWT' })}.${base64url(claims())}`;
    for (const secret of [JSON.stringify(RSA.jwk), String(RSA.jwk.n), Buffer.from(String(RSA.jwk.n), 'base64url')]) {
      const token = `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`;
      await refusedWith('BadSignature', () => verifier.verify(token));
    }
  });

  it('with an algorithm of another kind of key, or that the key set rules out', async () => {
    const strict = rsaKey('strict', 'PS256');
    const { verifier } = setting([RSA, EC, { ...strict, jwk: { ...strict.jwk, alg: 'RS256' } }]);
    await refusedWith('BadSignature', async () => verifier.verify(await sign({ ...RSA, kid: 'ec' })));
    await refusedWith('BadSignature', async () => verifier.verify(await sign({ ...EC, kid: 'rsa' })));
    await refusedWith('BadSignature', async () => verifier.verify(await sign(strict)));
  });

  it('signed by a key that it brings along', async () => {
    const { verifier } = setting();
    const embedded = { jwk: OTHER.jwk, jku: 'https://evil.example/keys', x5u: 'https://evil.example/x' };
    await refusedWith('BadSignature', async () => verifier.verify(await sign(OTHER, claims(), embedded)));
    await refusedWith('BadSignature', async () =>
      verifier.verify(await sign({ ...OTHER, kid: 'rsa' }, claims(), embedded)),
    );
  });

  it('with headers that it must not have', async () => {
    const { verifier } = setting();
    for (const header of [
      { typ: 'dpop+jwt' },
      { typ: 'logout+jwt' },
      { typ: 7 },
      { kid: '' },
      { kid: 'k'.repeat(257) },
    ]) {
      await refusedWith('Malformed', async () => verifier.verify(await sign(RSA, claims(), header)));
    }
    const [, payload, signature] = (await sign(RSA)).split('.');
    const critical = base64url({ alg: 'RS256', kid: 'rsa', crit: ['b64'], b64: false });
    await refusedWith('Malformed', () => verifier.verify(`${critical}.${payload}.${signature}`));
  });

  it('with a header member twice, whichever of the two is harmless', async () => {
    const { verifier } = setting();
    const [, payload, signature] = (await sign(RSA)).split('.');
    for (const header of ['{"alg":"none","alg":"RS256","kid":"rsa"}', '{"alg":"RS256","alg":"none","kid":"rsa"}']) {
      await refusedWith('BadSignature', () => verifier.verify(`${base64url(header)}.${payload}.${signature}`));
    }
  });

  it('in forms that are no JWT, and never by a crash', async () => {
    const { verifier } = setting();
    const bodies = [
      '',
      '.',
      '..',
      '...',
      'a.b.c',
      'é.é.é',
      `${base64url('[]')}.${base64url('{}')}.AA`,
      'x'.repeat(16_384),
    ];
    for (const text of bodies) await refusedWith('Malformed', () => verifier.verify(text));
  });

  it('changed in any character, for all changes', async () => {
    const { verifier } = setting();
    for (const pair of [RSA, EC]) {
      const token = await sign(pair);
      await verifier.verify(token);
      await fc.assert(
        fc.asyncProperty(
          fc.nat(token.length - 1),
          fc.constantFrom('A', 'B', 'C', 'a', 'b', 'c', '0', '1', '9', '-', '_', '.', '=', '+', '/', ' ', '\n'),
          fc.constantFrom('replace', 'insert', 'cut', 'truncate'),
          async (at, character, how) => {
            const rest = token.slice(how === 'insert' ? at : at + 1);
            const middle = how === 'cut' ? '' : character;
            const changed = how === 'truncate' ? token.slice(0, at) : token.slice(0, at) + middle + rest;
            fc.pre(changed !== token);
            await assert.rejects(async () => verifier.verify(changed), AuthError);
          },
        ),
        { numRuns: 400 },
      );
    }
  });

  it('with its last character spelled differently, although it decodes to the same bytes', async () => {
    const { verifier } = setting();
    const token = await sign(RSA);
    const last = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    const twin = token.slice(0, -1) + last[last.indexOf(token.slice(-1)) + 1];
    assert.deepEqual(
      Buffer.from(twin.split('.')[2] ?? '', 'base64url'),
      Buffer.from(token.split('.')[2] ?? '', 'base64url'),
    );
    await refusedWith('Malformed', () => verifier.verify(twin));
  });

  it('without its text in the message', async () => {
    const { verifier } = setting();
    for (const token of [await sign(OTHER), 'secret.secret.secret', `${base64url('{"secret')}.AA.AA`]) {
      const error: unknown = await Promise.resolve(verifier.verify(token)).catch((reason: unknown) => reason);
      assert.ok(error instanceof AuthError);
      assert.equal(error.cause, undefined);
      for (const part of token.split('.')) assert.ok(!error.message.includes(part));
    }
  });
});

describe('the keys of the issuer', () => {
  it('keep verifying while the issuer is away, and an unknown key cannot be decided', async () => {
    const made = setting();
    await made.verifier.verify(await sign(RSA));
    made.keys = undefined;
    made.clock.now += 700;
    assert.equal((await made.verifier.verify(await sign(EC))).oid, OID);
    await refusedWith('IssuerUnavailable', async () => made.verifier.verify(await sign(OTHER)));
    assert.equal((await made.verifier.verify(await sign(RSA, claims({ upn: 'again' })))).oid, OID);
  });

  it('are unavailable before the first success, and found a second after the last attempt', async () => {
    const made = setting();
    made.keys = undefined;
    const token = await sign(RSA);
    await refusedWith('IssuerUnavailable', () => made.verifier.verify(token));
    made.keys = [RSA];
    await refusedWith('IssuerUnavailable', () => made.verifier.verify(token));
    assert.equal(made.fetches(), 1);
    made.clock.now += 1;
    assert.equal((await made.verifier.verify(token)).oid, OID);
  });

  it('are known again after an outage: what they do not have is refused, not undecided', async () => {
    const made = setting();
    made.keys = undefined;
    await refusedWith('IssuerUnavailable', async () => made.verifier.verify(await sign(RSA)));
    made.keys = [RSA];
    made.clock.now += 30;
    await refusedWith('BadSignature', async () => made.verifier.verify(await sign(OTHER)));
    await refusedWith('BadSignature', async () => made.verifier.verify(await sign(OTHER)));
  });

  it('are looked at again when the clock was put back, whatever it was set to before', async () => {
    for (const away of [false, true]) {
      const made = setting([RSA]);
      if (away) made.keys = undefined;
      made.clock.now += 3 * 86_400;
      await Promise.resolve(made.verifier.verify(await sign(RSA))).catch(() => undefined);
      made.clock.now -= 3 * 86_400;
      made.keys = [RSA];
      assert.equal((await made.verifier.verify(await sign(RSA))).oid, OID);
      made.keys = [EC];
      made.clock.now += 600;
      assert.equal((await made.verifier.verify(await sign(EC))).oid, OID);
    }
  });

  it('taken back while the clock was ahead end when it is put back', async () => {
    const made = setting([RSA]);
    const token = await sign(RSA);
    await made.verifier.verify(token);
    made.clock.now += 1300;
    await made.verifier.verify(token);
    made.clock.now -= 1000;
    made.keys = [EC];
    await refusedWith('BadSignature', () => made.verifier.verify(token));
  });

  it('are asked for once per cool-down, however many tokens name unknown ones', async () => {
    const made = setting();
    await made.verifier.verify(await sign(RSA));
    for (let i = 0; i < 20; i++) {
      await refusedWith('BadSignature', async () => made.verifier.verify(await sign({ ...OTHER, kid: `k${i}` })));
    }
    assert.equal(made.fetches(), 1);
    made.keys = [RSA, OTHER];
    made.clock.now += 30;
    assert.equal((await made.verifier.verify(await sign(OTHER))).oid, OID);
    assert.equal(made.fetches(), 2);
  });

  it('are fetched once for tokens that arrive together', async () => {
    const made = setting();
    const tokens = await Promise.all([sign(RSA), sign(EC), sign(RSA, claims({ upn: 'x' }))]);
    await Promise.all(tokens.map(async (token) => made.verifier.verify(token)));
    assert.equal(made.fetches(), 1);
  });

  it('taken back by the issuer end also the tokens that were accepted before', async () => {
    const made = setting();
    const token = await sign(RSA);
    await made.verifier.verify(token);
    made.keys = [EC];
    made.clock.now += 600;
    await made.verifier.verify(token); // starts the refresh
    await made.verifier[Symbol.asyncDispose](); // and this waits for it
    await refusedWith('BadSignature', () => made.verifier.verify(token));
  });

  it('taken back with all others, or for some that verify nothing, or for two of one name, end as well', async () => {
    const weak = rsaKey('rsa', 'RS256', 1024);
    for (const left of [[], [weak], [EC, EC], [OTHER, RSA, rsaKey('rsa')]]) {
      const made = setting([RSA]);
      const token = await sign(RSA);
      await made.verifier.verify(token);
      made.keys = left;
      made.clock.now += 600;
      await made.verifier.verify(token); // starts the refresh
      await made.verifier[Symbol.asyncDispose](); // and this waits for it
      await refusedWith('BadSignature', () => made.verifier.verify(token));
      await refusedWith('BadSignature', async () => made.verifier.verify(await sign(RSA, claims({ upn: 'again' }))));
      made.keys = [RSA];
      made.clock.now += 30;
      assert.equal((await made.verifier.verify(token)).oid, OID);
    }
  });

  it('that nobody looked at for long are looked at before anybody gets in by them', async () => {
    for (const isKnown of [true, false]) {
      const made = setting([RSA]);
      const token = await sign(RSA);
      await made.verifier.verify(token);
      made.keys = [EC];
      made.clock.now += 1200;
      const presented = isKnown ? token : await sign(RSA, claims({ upn: 'new' }));
      await refusedWith('BadSignature', () => made.verifier.verify(presented));
      assert.equal(made.fetches(), 2);
    }
  });

  it('that nobody looked at for long are good while the issuer is away, and make nobody wait twice', async () => {
    const made = setting([RSA]);
    const token = await sign(RSA);
    const known = await made.verifier.verify(token);
    made.keys = undefined;
    made.clock.now += 1200;
    assert.equal((await made.verifier.verify(token)).oid, OID);
    assert.equal(made.fetches(), 2);
    for (let waited = 0; waited < 1500; waited += 100) {
      made.clock.now += 100;
      const answer = made.verifier.verify(token);
      assert.ok(!(answer instanceof Promise), 'it was looked at in the background meanwhile');
      assert.equal(answer.oid, known.oid);
      await made.verifier[Symbol.asyncDispose]();
    }
  });

  it('replaced under the same name end the tokens of the old one', async () => {
    const made = setting();
    const token = await sign(RSA);
    await made.verifier.verify(token);
    made.keys = [rsaKey('rsa')];
    made.clock.now += 600;
    await made.verifier.verify(token);
    await made.verifier[Symbol.asyncDispose]();
    await refusedWith('BadSignature', () => made.verifier.verify(token));
  });

  it('come over real HTTPS, from the named authority only', async () => {
    await using server = await serveJwks([RSA]);
    await using impostor = await serveJwks([OTHER]);
    const open = (uri: string, ca: string): TokenVerifier =>
      openTokenVerifier({
        issuers: [{ issuers: [ISSUER], audiences: [AUDIENCE], jwksUri: uri, ca }],
        tenantId: TENANT,
        now: () => START,
      });
    assert.equal((await open(server.uri, server.ca).verify(await sign(RSA))).oid, OID);
    assert.equal(server.served, 1);
    await refusedWith('IssuerUnavailable', async () => open(impostor.uri, server.ca).verify(await sign(OTHER)));
    assert.equal(impostor.served, 0);
  });
});

describe('an issuer that gives GUIDs beside one that does not', () => {
  const own = { issuers: [ISSUER], audiences: [AUDIENCE], jwksUri: 'https://sts.example/keys' };
  const made = {
    issuers: ['https://dex.example'],
    audiences: [AUDIENCE],
    jwksUri: 'https://dex.example/keys',
    claims: { objectId: 'sub', tenant: null, ids: 'derived' as const },
  };
  const verifierOf = (issuers: readonly Issuer[]): TokenVerifier =>
    openTokenVerifier({
      issuers,
      tenantId: TENANT,
      now: () => START,
      fetchJwks: (uri) => Promise.resolve(JSON.parse(jwkSet([uri === own.jwksUri ? RSA : EC])) as unknown),
    });

  it('cannot name its people nor its groups, here or where only its own tokens are taken', async () => {
    const both = verifierOf([own, made]);
    const alice = await both.verify(await sign(EC, claims({ iss: 'https://dex.example', sub: 'alice' })));
    const asAlice = await sign(RSA, claims({ oid: alice.oid }));
    const inGroup = await sign(RSA, claims({ groups: [derivedObjectId('https://dex.example', 'group', 'admins')] }));
    for (const verifier of [both, verifierOf([{ ...own, besideDerived: true }])]) {
      await refusedWith('NoObjectId', () => verifier.verify(asAlice));
      assert.deepEqual((await verifier.verify(inGroup)).groups, []);
    }
    assert.equal((await verifierOf([own]).verify(asAlice)).oid, alice.oid);
  });
});

describe('memory', () => {
  it('is bounded: tokens beyond the limit are verified again, refused ones are not kept', async () => {
    const { verifier } = setting([RSA], 4);
    const tokens = await Promise.all(Array.from({ length: 12 }, (_, i) => sign(RSA, claims({ upn: `u${i}` }))));
    for (const token of tokens) await verifier.verify(token);
    const kept = tokens.filter((token) => !(verifier.verify(token) instanceof Promise));
    assert.ok(kept.length <= 4, `${kept.length} were kept`);
    assert.ok(kept.length >= 2);
  });

  it('tells many callers apart who come in turn, and forgets each of them when its token ends', async () => {
    const { verifier, clock } = setting([EC]);
    const names = Array.from({ length: 150 }, (_, i) => `u${i}`);
    const tokens = await Promise.all(names.map((upn) => sign(EC, claims({ upn }))));
    for (const token of tokens) await verifier.verify(token);
    for (const order of [tokens, tokens.toReversed(), tokens]) {
      for (const token of order) assert.equal(principalNow(verifier, token).upn, names[tokens.indexOf(token)]);
    }
    clock.now = START + 3600;
    for (const token of tokens) await refusedWith('Expired', () => verifier.verify(token));
  });
});

describe('configuration', () => {
  const issuer = { issuers: [ISSUER], audiences: [AUDIENCE], jwksUri: 'https://sts.example/keys' };
  it('that could not work is refused at once', () => {
    for (const options of [
      { issuers: [{ ...issuer, jwksUri: 'http://sts.example/keys' }], tenantId: TENANT },
      { issuers: [{ ...issuer, jwksUri: 'keys' }], tenantId: TENANT },
      { issuers: [{ ...issuer, issuers: [] }], tenantId: TENANT },
      { issuers: [{ ...issuer, audiences: [''] }], tenantId: TENANT },
      { issuers: [issuer, issuer], tenantId: TENANT },
      { issuers: [issuer, { ...issuer, issuers: ['https://other.example'] }], tenantId: TENANT },
      { issuers: [issuer], tenantId: 'common' },
    ]) {
      assert.throws(() => openTokenVerifier(options), RangeError);
    }
  });
});
