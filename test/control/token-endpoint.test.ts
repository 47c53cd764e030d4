import assert from 'node:assert/strict';
import { createHash, createPrivateKey, generateKeyPairSync, randomUUID, X509Certificate } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { createRemoteJWKSet, customFetch, decodeJwt, jwtVerify, SignJWT } from 'jose';
import { writeAddedCertificates } from '../../src/control/directory/added-certificates.ts';
import { createIssuer, IssuerRefused } from '../../src/control/directory/issuer/create-issuer.ts';
import { makeCertificate, type RsaCertificate } from '../support/rsa-certificate.ts';
import { type Reply, type RunningControl, runControl } from '../support/running-control.ts';

const LOGIN = 'https://login.microsoftonline.com';
const MHSM = 'https://managedhsm.azure.net';
const CLI = '04b07795-8ddb-461a-bbee-02f9e1bf7b46';

describe('the token endpoint', () => {
  let control: RunningControl;
  let tenant: string;
  let certificate: RsaCertificate;
  let expired: RsaCertificate;

  before(async () => {
    [certificate, expired] = await Promise.all([makeCertificate(), makeCertificate({ days: -1 })]);
    control = await runControl({
      changeDirectory: (directory) => ({
        ...directory,
        applications: directory.applications.map((application) =>
          application.displayName === 'strongroom-dev-admin'
            ? {
                ...application,
                certificates: [certificate, expired].map(({ pem }) => ({ keyId: randomUUID(), pem })),
              }
            : application,
        ),
      }),
    });
    tenant = control.secrets.tenantId;
  });
  after(() => control[Symbol.asyncDispose]());

  const ask = (form: Readonly<Record<string, string>>, path = `/${tenant}/oauth2/v2.0/token`, origin = LOGIN) =>
    control.call(origin + path, { form: { client_info: '1', claims: '{"access_token":{}}', ...form } });
  const bySecret = (changes: Readonly<Record<string, string>> = {}) => ({
    grant_type: 'client_credentials',
    client_id: control.secrets.applications.admin.appId,
    client_secret: control.secrets.applications.admin.secret,
    scope: `${MHSM}/.default`,
    ...changes,
  });
  const byPassword = (changes: Readonly<Record<string, string>> = {}) => ({
    grant_type: 'password',
    client_id: CLI,
    username: control.secrets.users.alice.upn,
    password: control.secrets.users.alice.password,
    scope: `${MHSM}/.default openid profile offline_access`,
    ...changes,
  });
  const claims = (reply: Reply) => {
    assert.equal(reply.status, 200, reply.text);
    return decodeJwt(String(reply.json.access_token));
  };
  const refused = (reply: Reply, status: number, error: string, code: number) => {
    assert.equal(reply.status, status, reply.text);
    assert.equal(reply.json.error, error);
    assert.deepEqual(reply.json.error_codes, [code]);
    assert.match(String(reply.json.error_description), new RegExp(`^AADSTS${code}: `));
  };

  describe('for an application with a secret', () => {
    test('signs a token that the published keys verify', async () => {
      const { access_token: token, ...rest } = (await ask(bySecret())).json;
      assert.deepEqual(rest, { token_type: 'Bearer', expires_in: 3600, ext_expires_in: 3600 });
      const jwks = createRemoteJWKSet(new URL(`${LOGIN}/${tenant}/discovery/v2.0/keys`), {
        [customFetch]: async (url) => new Response((await control.call(String(url))).text),
      });
      const { payload, protectedHeader } = await jwtVerify(String(token), jwks, {
        issuer: `https://sts.windows.net/${tenant}/`,
        audience: MHSM,
        algorithms: ['RS256'],
      });
      assert.equal(protectedHeader.typ, 'JWT');
      const { admin } = control.secrets.applications;
      assert.equal(payload.tid, tenant);
      assert.equal(payload.oid, admin.oid);
      assert.equal(payload.sub, admin.oid);
      assert.equal(payload.appid, admin.appId);
      assert.equal(payload.appidacr, '1');
      assert.equal(payload.idtyp, 'app');
      assert.equal(payload.ver, '1.0');
      assert.equal((payload.exp ?? 0) - (payload.iat ?? 0), 3600);
    });

    test('keeps the audience exactly as it was asked for', async () => {
      const arm = 'https://management.core.windows.net/';
      assert.equal(claims(await ask(bySecret({ scope: `${arm}/.default` }))).aud, arm);
      assert.equal(claims(await ask(bySecret({ scope: `${MHSM}/.default` }))).aud, MHSM);
      assert.equal(claims(await ask(bySecret({ scope: `${MHSM}//.default` }))).aud, `${MHSM}/`);
      const local = `https://managedhsm.localhost:${control.port}`;
      assert.equal(claims(await ask(bySecret({ scope: `${local}/.default` }))).aud, local);
    });

    test('knows the *.localhost audiences with the port and without it, and with no other port', async () => {
      for (const host of ['arm', 'graph', 'managedhsm', 'vault']) {
        for (const port of [`:${control.port}`, '']) {
          for (const slash of ['', '/']) {
            const audience = `https://${host}.localhost${port}${slash}`;
            assert.equal(claims(await ask(bySecret({ scope: `${audience}/.default` }))).aud, audience);
          }
        }
      }
      const other = await ask(bySecret({ scope: `https://managedhsm.localhost:${control.port + 1}/.default` }));
      assert.equal(other.status, 400, other.text);
    });

    test('answers the v1 form, the ADFS form, every tenant form and further query parameters', async () => {
      const { scope: _, ...v1 } = bySecret({ resource: MHSM });
      const reply = await ask(v1, `/${tenant}/oauth2/token?api-version=1.0`);
      assert.equal(claims(reply).aud, MHSM);
      assert.equal(reply.json.resource, MHSM);
      assert.match(String(reply.json.expires_on), /^\d+$/);
      for (const path of [
        '/adfs/oauth2/token/',
        '/adfs/oauth2/token',
        '/organizations/oauth2/v2.0/token',
        `/${tenant.toUpperCase()}/OAuth2/V2.0/Token?client-request-id=x`,
      ]) {
        assert.equal(claims(await ask(bySecret(), path, `https://login.localhost:${control.port}`)).tid, tenant, path);
      }
    });

    test('refuses with the public cloud’s own numbers', async () => {
      refused(await ask(bySecret({ client_secret: 'wrong' })), 401, 'invalid_client', 7000215);
      refused(await ask(bySecret({ client_secret: '' })), 401, 'invalid_client', 7000218);
      refused(await ask(bySecret({ client_id: randomUUID() })), 400, 'unauthorized_client', 700016);
      refused(await ask(bySecret({ scope: 'https://example.org/.default' })), 400, 'invalid_resource', 500011);
      refused(await ask(bySecret({ scope: 'openid' })), 400, 'invalid_scope', 70011);
      refused(
        await ask(bySecret({ scope: `${MHSM}/.default https://graph.microsoft.com/.default` })),
        400,
        'invalid_scope',
        70011,
      );
      refused(await ask(bySecret({ grant_type: 'magic' })), 400, 'unsupported_grant_type', 70003);
      refused(await ask({ client_id: CLI }), 400, 'invalid_request', 900144);
      const elsewhere = await ask(bySecret(), `/${randomUUID()}/oauth2/v2.0/token`);
      assert.equal(elsewhere.status, 400);
      assert.match(elsewhere.text, /AADSTS90002/);
    });

    test('does not let a public client pass as an application', async () => {
      const reply = await ask({ grant_type: 'client_credentials', client_id: CLI, scope: `${MHSM}/.default` });
      assert.equal(reply.status, 400);
      assert.equal(reply.json.access_token, undefined);
    });

    test('stands malformed requests', async () => {
      const path = `${LOGIN}/${tenant}/oauth2/v2.0/token`;
      const type = { 'content-type': 'application/x-www-form-urlencoded' };
      for (const body of [
        '',
        '%zz',
        'a'.repeat(200_000),
        'grant_type=client_credentials&grant_type=password',
        '\0\xff',
      ]) {
        const reply = await control.call(path, { method: 'POST', body, headers: type });
        assert.ok(reply.status >= 400 && reply.status < 500, `${body.slice(0, 20)}: ${reply.status}`);
      }
      assert.equal((await control.call(path, { method: 'POST', json: {} })).status, 400);
      assert.equal((await control.call(path, { method: 'PUT', json: {} })).status, 405);
    });
  });

  describe('for an application with a certificate', () => {
    const hash = (algorithm: string, of = certificate) =>
      createHash(algorithm).update(new X509Certificate(of.pem).raw).digest('base64url');
    const byAssertion = async (
      changes: { header?: object; claims?: object; alg?: string; key?: string; client?: string } = {},
    ) => {
      const client = changes.client ?? control.secrets.applications.admin.appId;
      const now = Date.now() / 1000;
      const assertion = await new SignJWT({
        iss: client,
        sub: client,
        aud: `${LOGIN}/${tenant}/oauth2/v2.0/token`,
        jti: randomUUID(),
        exp: now + 600.25,
        iat: now - 0.5,
        ...changes.claims,
      })
        .setProtectedHeader({ alg: changes.alg ?? 'RS256', ...(changes.header ?? { x5t: `${hash('sha1')}=` }) })
        .sign(createPrivateKey(changes.key ?? certificate.key));
      return ask({
        grant_type: 'client_credentials',
        client_id: client,
        client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
        client_assertion: assertion,
        scope: `${MHSM}/.default`,
      });
    };

    test('accepts every way in which clients point at their certificate', async () => {
      const hex = Buffer.from(hash('sha1'), 'base64url').toString('hex').toUpperCase();
      const headers = [
        { x5t: `${hash('sha1')}=` },
        { x5t: hash('sha1') },
        { 'x5t#S256': hash('sha256') },
        { kid: hex, x5t: hash('sha1') },
        {},
      ];
      for (const header of headers) {
        for (const alg of ['RS256', 'PS256']) {
          assert.equal(claims(await byAssertion({ header, alg })).appidacr, '2', JSON.stringify({ header, alg }));
        }
      }
    });

    test('accepts a certificate from the moment it is added until it is removed, for that application alone', async () => {
      const added = await makeCertificate();
      const { admin, consumer } = control.secrets.applications;
      const signIn = (client: string): Promise<Reply> =>
        byAssertion({ client, key: added.key, header: { x5t: hash('sha1', added) } });
      assert.equal((await signIn(consumer.appId)).status, 401);
      await writeAddedCertificates(control.folder, [{ application: consumer.appId, pem: added.pem }]);
      assert.equal(claims(await signIn(consumer.appId)).appid, consumer.appId);
      assert.equal((await signIn(admin.appId)).status, 401);
      await writeAddedCertificates(control.folder, []);
      assert.equal((await signIn(consumer.appId)).status, 401);
    });

    test('accepts the token endpoint under any of its names as the audience', async () => {
      for (const aud of [
        `${LOGIN}/${tenant}/oauth2/token`,
        `https://login.localhost:${control.port}/adfs/oauth2/token/`,
        `${LOGIN}/${tenant}/v2.0`,
        `https://sts.windows.net/${tenant}/`,
      ]) {
        claims(await byAssertion({ claims: { aud } }));
      }
    });

    test('refuses another key, another certificate’s thumbprint, another audience, a used and an old assertion', async () => {
      const stranger = await makeCertificate();
      const jti = randomUUID();
      claims(await byAssertion({ claims: { jti } }));
      const past = Date.now() / 1000 - 3600;
      for (const changes of [
        { key: stranger.key },
        { header: { x5t: hash('sha1', stranger) } },
        { header: { 'x5t#S256': 7 } },
        { claims: { aud: 'https://example.org' } },
        { claims: { aud: ['https://example.org'] } },
        { claims: { jti } },
        { claims: { exp: past } },
        { claims: { iss: randomUUID() } },
        { key: expired.key, header: { x5t: hash('sha1', expired) } },
        { client: control.secrets.applications.owner.appId },
      ]) {
        refused(await byAssertion(changes), 401, 'invalid_client', 700027);
      }
    });

    test('refuses an unsigned assertion', async () => {
      const encode = (part: object): string => Buffer.from(JSON.stringify(part)).toString('base64url');
      const { appId } = control.secrets.applications.admin;
      const reply = await ask({
        grant_type: 'client_credentials',
        client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
        client_assertion: `${encode({ alg: 'none' })}.${encode({ iss: appId, sub: appId, exp: 9e9, jti: 'x' })}.`,
        scope: `${MHSM}/.default`,
      });
      refused(reply, 401, 'invalid_client', 700027);
    });
  });

  describe('for a user', () => {
    test('answers the password grant with all that the command line reads', async () => {
      const reply = await ask(byPassword());
      const { alice } = control.secrets.users;
      const access = claims(reply);
      assert.equal(access.upn, alice.upn);
      assert.equal(access.oid, alice.oid);
      assert.equal(access.idtyp, 'user');
      assert.equal(access.scp, 'user_impersonation');
      assert.deepEqual(access.groups, [control.secrets.operatorsGroupOid]);
      const identity = decodeJwt(String(reply.json.id_token));
      assert.equal(identity.aud, CLI);
      assert.equal(identity.tid, tenant);
      assert.equal(identity.oid, alice.oid);
      assert.equal(identity.preferred_username, alice.upn);
      assert.equal(identity.upn, alice.upn);
      assert.equal(reply.json.scope, byPassword().scope);
      assert.deepEqual(JSON.parse(Buffer.from(String(reply.json.client_info), 'base64url').toString()), {
        uid: alice.oid,
        utid: tenant,
      });
    });

    test('refuses a wrong password and an unknown user in the same way', async () => {
      refused(await ask(byPassword({ password: 'wrong' })), 400, 'invalid_grant', 50126);
      refused(await ask(byPassword({ username: 'nobody@strongroom.localhost' })), 400, 'invalid_grant', 50126);
      refused(await ask(byPassword({ username: '' })), 400, 'invalid_request', 900144);
    });

    test('turns a refresh token into tokens for any other audience, as often as asked', async () => {
      const { refresh_token: refreshToken } = (await ask(byPassword())).json;
      const form = { grant_type: 'refresh_token', client_id: CLI, refresh_token: String(refreshToken) };
      for (const audience of ['https://graph.microsoft.com', 'https://management.core.windows.net/', MHSM]) {
        const reply = await ask({ ...form, scope: `${audience}/.default offline_access openid profile` });
        assert.equal(claims(reply).aud, audience);
        assert.equal(claims(reply).oid, control.secrets.users.alice.oid);
      }
      assert.equal(claims(await ask(form)).aud, MHSM);
      refused(await ask({ ...form, refresh_token: 'x' }), 400, 'invalid_grant', 70000);
      const { appId, secret } = control.secrets.applications.owner;
      refused(await ask({ ...form, client_id: appId, client_secret: secret }), 400, 'invalid_grant', 70000);
    });
  });

  test('publishes where everything is, under the names and in the form that were asked', async () => {
    const openId = async (url: string) => (await control.call(`${url}/.well-known/openid-configuration`)).json;
    const common = await openId(`${LOGIN}/organizations/v2.0`);
    assert.equal(common.token_endpoint, `${LOGIN}/${tenant}/oauth2/v2.0/token`);
    assert.equal(common.issuer, `https://sts.windows.net/${tenant}/`);
    const local = `https://login.localhost:${control.port}`;
    assert.equal((await openId(`${local}/adfs`)).token_endpoint, `${local}/adfs/oauth2/token`);
    const discovery = await control.call(`${LOGIN}/common/discovery/instance?api-version=1.1`);
    assert.match(String(discovery.json.tenant_discovery_endpoint), /openid-configuration$/);
    assert.equal((await control.call(`${LOGIN}/common/userrealm/a@b?api-version=1.0`)).status, 404);
    const keys = (await control.call(`${LOGIN}/${tenant}/discovery/v2.0/keys`)).json.keys as readonly object[];
    assert.equal(keys.length, 1);
    assert.ok(!('d' in (keys[0] ?? {})));
  });
});

const ISSUER_OPTIONS = {
  directory: {
    version: 1,
    tenantId: '',
    domain: '',
    users: [],
    groups: [],
    applications: [],
    managedIdentities: [],
  },
  addedCertificates: () => Promise.resolve([]),
  signingKey: { privateJwk: {}, publicJwk: {}, kid: '' },
  issuer: 'https://issuer.example/',
  audiences: ['https://service.example'],
  tokenEndpoints: [],
  cookieKey: 'x',
  now: Date.now,
  log: () => {},
} as const;

test('the issuer refuses to exist in the production profile', () => {
  assert.throws(() => createIssuer({ ...ISSUER_OPTIONS, profile: 'production' }), IssuerRefused);
});

test('a library that could not be loaded is loaded when it is needed next', async () => {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const privateJwk = { ...privateKey.export({ format: 'jwk' }), kid: 'k', alg: 'RS256', use: 'sig' };
  let asked = 0;
  const issuer = createIssuer({
    ...ISSUER_OPTIONS,
    profile: 'dev',
    signingKey: { privateJwk, publicJwk: {}, kid: 'k' },
    get cookieKey() {
      asked += 1;
      if (asked === 1) throw new Error('not now');
      return 'x';
    },
  });
  await assert.rejects(issuer.library(), /not now/);
  assert.equal(await issuer.library(), await issuer.library());
  assert.equal(asked, 2);
});
