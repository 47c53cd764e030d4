import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import { decodeJwt, SignJWT } from 'jose';
import {
  type FederatedCredential,
  writeCredentials,
} from '../../src/control/directory/federation/federated-credentials.ts';
import { type ForeignIssuer, SERVICE_ACCOUNT, startForeignIssuer } from '../support/foreign-issuer.ts';
import { type Reply, type RunningControl, runControl } from '../support/running-control.ts';

const MHSM = 'https://managedhsm.azure.net';
const CLI = '04b07795-8ddb-461a-bbee-02f9e1bf7b46';
const JWT_BEARER = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

describe('the exchange of foreign tokens', () => {
  let control: RunningControl;
  let cluster: ForeignIssuer;
  before(async () => {
    control = await runControl();
  });
  after(() => control[Symbol.asyncDispose]());
  beforeEach(async (context) => {
    cluster = await startForeignIssuer(control.authority);
    await add({});
    if ('after' in context) context.after(() => cluster[Symbol.asyncDispose]());
  });

  const worker = () => control.secrets.applications.consumer;
  const credential = (changes: Partial<FederatedCredential>): FederatedCredential => ({
    name: 'cluster',
    application: worker().appId,
    issuer: cluster.issuer,
    subject: SERVICE_ACCOUNT,
    match: 'exact',
    discovery: cluster.discovery,
    ca: control.authority.certificate,
    ...changes,
  });
  const add = (...changes: readonly Partial<FederatedCredential>[]) =>
    writeCredentials(control.folder, changes.map(credential));
  const send = (body: string, path = 'oauth2/v2.0/token') =>
    control.call(`https://login.microsoftonline.com/${control.secrets.tenantId}/${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body,
    });
  const form = (assertion: string, changes: Readonly<Record<string, string | undefined>> = {}): string => {
    const all = {
      grant_type: 'client_credentials',
      client_id: worker().appId,
      client_assertion_type: JWT_BEARER,
      client_assertion: assertion,
      scope: `${MHSM}/.default`,
      ...changes,
    };
    const given = Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined);
    return new URLSearchParams(given).toString();
  };
  const exchange = async (
    assertion: string | Promise<string>,
    changes: Readonly<Record<string, string | undefined>> = {},
  ) => send(form(await assertion, changes));
  const granted = (reply: Reply, audience = MHSM): void => {
    assert.equal(reply.status, 200, reply.text);
    const claims = decodeJwt(String(reply.json.access_token));
    assert.deepEqual(
      [claims.oid, claims.appid, claims.aud, claims.idtyp, claims.tid],
      [worker().oid, worker().appId, audience, 'app', control.secrets.tenantId],
    );
  };
  const refused = (reply: Reply, status: number, code: number, error = 'invalid_client'): void => {
    assert.equal(reply.status, status, reply.text);
    assert.equal(reply.headers['retry-after'], status === 503 ? '30' : undefined);
    assert.deepEqual([reply.json.error, reply.json.error_codes], [error, [code]], reply.text);
    assert.ok(!reply.text.includes('access_token'));
  };

  test('a token of the cluster for a credential of the application becomes one of ours', async () => {
    granted(await exchange(cluster.token()));
    granted(await exchange(cluster.token({ aud: 'api://AzureADTokenExchange' })));
    granted(await exchange(cluster.token(), { client_id: worker().appId.toUpperCase() }));
    const v1 = await send(form(await cluster.token(), { scope: undefined, resource: MHSM }), 'oauth2/token');
    granted(v1);
    assert.deepEqual([v1.json.resource, typeof v1.json.expires_on], [MHSM, 'string']);
    assert.deepEqual([...new Set(cluster.requests)], ['/.well-known/openid-configuration', '/keys']);
  });

  test('issuer, subject and audience are exact, and each refusal says which', async () => {
    refused(await exchange(cluster.token({ iss: `${cluster.issuer}/` })), 401, 700211);
    refused(await exchange(cluster.token({ iss: 'https://other.example' })), 401, 700211);
    for (const sub of [
      `${SERVICE_ACCOUNT}2`,
      SERVICE_ACCOUNT.toUpperCase(),
      'system:serviceaccount:payments:*',
      '',
      undefined,
      7,
    ]) {
      refused(await exchange(cluster.token({ sub })), 401, 700213);
    }
    for (const aud of [MHSM, 'api://AzureADTokenExchange/', [], ['api://AzureADTokenExchange', MHSM], undefined]) {
      refused(await exchange(cluster.token({ aud })), 401, 700212);
    }
    refused(await exchange(cluster.token(), { client_id: control.secrets.applications.admin.appId }), 401, 700211);
    refused(await exchange(cluster.token(), { client_id: CLI }), 400, 700016, 'unauthorized_client');
    refused(await exchange(cluster.token(), { client_id: 'nobody' }), 400, 700016, 'unauthorized_client');
  });

  test('a pattern holds only where the credential says so', async () => {
    await add({ subject: 'system:serviceaccount:payments:*' });
    refused(await exchange(cluster.token()), 401, 700213);
    await add({ subject: 'system:serviceaccount:payments:*', match: 'pattern' });
    granted(await exchange(cluster.token()));
    refused(await exchange(cluster.token({ sub: 'system:serviceaccount:payments:a:b' })), 401, 700213);
    refused(await exchange(cluster.token({ sub: 'system:serviceaccount:other:worker' })), 401, 700213);
  });

  test('a token that is forged, expired, early or malformed is refused', async () => {
    const seconds = Math.floor(Date.now() / 1000);
    refused(await exchange(cluster.token({ exp: seconds - 1 })), 401, 700027);
    refused(await exchange(cluster.token({ exp: undefined })), 401, 700027);
    refused(await exchange(cluster.token({ nbf: seconds + 120 })), 401, 700027);
    refused(await exchange(cluster.token({}, { kid: 'unknown' })), 401, 700027);
    refused(await exchange(cluster.token({}, { kid: '../../etc/passwd' })), 401, 700027);
    refused(await exchange(cluster.token({}, { typ: 'dpop+jwt' })), 401, 700027);
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const claims = { iss: cluster.issuer, aud: 'api://AzureADTokenExchange', sub: SERVICE_ACCOUNT, exp: seconds + 600 };
    const forged = new SignJWT(claims).setProtectedHeader({ alg: 'RS256', kid: 'key-1' }).sign(privateKey);
    refused(await exchange(forged), 401, 700027);
    const hmac = new SignJWT(claims).setProtectedHeader({ alg: 'HS256', kid: 'key-1' }).sign(Buffer.alloc(32));
    refused(await exchange(hmac), 401, 700027);
    const [head, body, signature] = (await cluster.token()).split('.');
    const none = Buffer.from('{"alg":"none","kid":"key-1"}').toString('base64url');
    refused(await exchange(`${none}.${body}.`), 401, 700027);
    refused(await exchange(`${head}.${body}.${signature?.slice(0, -4)}AAAA`), 401, 700027);
    refused(await exchange(cluster.token({ pad: 'x'.repeat(17_000) })), 401, 50027);
    const enormous = await exchange(cluster.token({ pad: 'x'.repeat(60_000) }));
    refused(enormous, 413, 900144, 'invalid_request');
    const noToken = await exchange('not.a.jwt');
    assert.equal(noToken.status, 400, noToken.text);
  });

  test('requests of another shape are refused, and what is asked for must be one of our audiences', async () => {
    const assertion = await cluster.token();
    refused(await exchange(assertion, { grant_type: 'password' }), 400, 70003, 'unsupported_grant_type');
    refused(await exchange(assertion, { client_assertion_type: 'saml' }), 400, 900144, 'invalid_request');
    refused(await exchange(assertion, { client_assertion_type: undefined }), 400, 900144, 'invalid_request');
    refused(await exchange(assertion, { client_secret: 'x' }), 400, 900144, 'invalid_request');
    refused(await send(`${form(assertion)}&client_id=${worker().appId}`), 400, 900144, 'invalid_request');
    refused(await exchange(assertion, { scope: undefined }), 400, 70011, 'invalid_scope');
    refused(
      await exchange(assertion, { scope: `${MHSM}/.default https://vault.azure.net/.default` }),
      400,
      70011,
      'invalid_scope',
    );
    refused(
      await exchange(assertion, { scope: 'https://storage.azure.com/.default' }),
      400,
      500011,
      'invalid_resource',
    );
    refused(await exchange(assertion, { scope: 'https://other.example/.default' }), 400, 500011, 'invalid_resource');
  });

  test('secrets and other grants are the library’s as before', async () => {
    const { appId, secret } = worker();
    granted(
      await send(form('', { client_assertion: undefined, client_assertion_type: undefined, client_secret: secret })),
    );
    const wrong = await send(
      form('', { client_assertion: undefined, client_assertion_type: undefined, client_secret: `${secret}x` }),
    );
    refused(wrong, 401, 7000215);
    const empty = await send('');
    assert.equal(empty.status, 400, empty.text);
    const own = new SignJWT({ iss: appId, sub: appId, aud: 'x' })
      .setProtectedHeader({ alg: 'HS256' })
      .sign(Buffer.alloc(32));
    refused(await exchange(own), 401, 700027);
  });

  test('the issuer rotates its keys, goes away and changes hands', async () => {
    granted(await exchange(cluster.token()));
    cluster.failing = 503;
    granted(await exchange(cluster.token()));
    cluster.rotate();
    control.advance(31_000);
    refused(await exchange(cluster.token()), 503, 90033, 'temporarily_unavailable');
    refused(await exchange(cluster.token()), 503, 90033, 'temporarily_unavailable');
    const line = `federation: the keys of ${cluster.issuer} cannot be fetched: ${cluster.discovery}: `;
    const logged = (): readonly string[] => control.logged.filter((message) => message.startsWith(line));
    assert.deepEqual(logged(), [`${line}the key set was answered with status 503`], 'once for each attempt');
    cluster.failing = undefined;
    control.advance(31_000);
    granted(await exchange(cluster.token()));
    cluster.rotate();
    cluster.failing = 302;
    control.advance(31_000);
    refused(await exchange(cluster.token()), 503, 90033, 'temporarily_unavailable');
    cluster.failing = undefined;
    cluster.document = { issuer: 'https://attacker.example' };
    control.advance(31_000);
    refused(await exchange(cluster.token()), 503, 90033, 'temporarily_unavailable');
    assert.match(logged().at(-1) ?? '', /is of another issuer than the configured one$/);
    await cluster[Symbol.asyncDispose]();
    control.advance(31_000);
    refused(await exchange(cluster.token()), 503, 90033, 'temporarily_unavailable');
    assert.match(logged().at(-1) ?? '', /ECONNREFUSED/);
  });

  test('a removed credential is worth nothing at once', async () => {
    granted(await exchange(cluster.token()));
    await add();
    refused(await exchange(cluster.token()), 401, 700211);
  });

  test('a federation file that cannot be used exchanges nothing', async () => {
    const path = join(control.folder, 'federation.json');
    for (const changes of [
      { issuer: 'http://a' },
      { match: 'regex' },
      { jwksUri: 'https://a/keys' },
      { subject: '' },
    ]) {
      const wrong = { ...credential({}), ...changes };
      await writeFile(path, JSON.stringify({ format: 'strongroom federation 1', credentials: [wrong] }));
      const reply = await exchange(cluster.token());
      assert.equal(reply.status, 500, reply.text);
      assert.match(control.logged.at(-1) ?? '', /federation\.json cannot be used/);
    }
    await assert.rejects(add({}, { name: 'second', discovery: `${cluster.discovery}2` }), /different keys/);
    await assert.rejects(add({}, {}), /two credentials/);
    await assert.rejects(add({ subject: '*', match: 'pattern' }), /must begin/);
  });
});
