import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { type IncomingMessage, request } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { decodeJwt } from 'jose';
import { type IdentityBinding, writeBindings } from '../../src/control/directory/local-identity/bindings.ts';
import { readIdentityEndpoint } from '../../src/control/directory/local-identity/endpoint-file.ts';
import { type RunningControl, runControl } from '../support/running-control.ts';

const MHSM = 'https://managedhsm.azure.net';
const OWN_UID = process.getuid?.() ?? 0;
/** Runs the request as another user, which only root can do. */
const NOBODY = 65_534;
const ASK = `
const [url, headers] = process.argv.slice(1);
fetch(url, { headers: JSON.parse(headers) }).then(async (reply) => console.log(JSON.stringify([reply.status, await reply.json()])));
`;

interface Reply {
  readonly status: number;
  readonly json: Readonly<Record<string, unknown>>;
}

describe('the managed identity endpoint', {
  skip: process.platform !== 'linux' && 'only Linux tells who is at the other end',
}, () => {
  let control: RunningControl;
  let header: string;
  let identity: { readonly oid: string; readonly clientId: string };
  let second: { readonly oid: string; readonly clientId: string };
  before(async () => {
    control = await runControl({
      changeDirectory: (directory) => ({
        ...directory,
        managedIdentities: [
          ...directory.managedIdentities,
          {
            oid: '11111111-1111-4111-8111-111111111111',
            clientId: '22222222-2222-4222-8222-222222222222',
            displayName: 'second',
            resourceId: '/subscriptions/s/second',
          },
        ],
      }),
    });
    const [one, two] = control.directory.managedIdentities;
    assert.ok(one !== undefined && two !== undefined);
    [identity, second] = [one, two];
    header = (await readIdentityEndpoint(control.folder))?.header ?? '';
  });
  after(() => control[Symbol.asyncDispose]());

  const bind = (...bindings: readonly IdentityBinding[]) => writeBindings(control.folder, bindings);
  const appService = (query: Readonly<Record<string, string>> = {}) =>
    `/msi/token?${new URLSearchParams({ 'api-version': '2019-08-01', resource: MHSM, ...query })}`;
  const imds = (query: Readonly<Record<string, string>> = {}) =>
    `/metadata/identity/oauth2/token?${new URLSearchParams({ 'api-version': '2018-02-01', resource: MHSM, ...query })}`;
  const METADATA = { metadata: 'true' };
  const secret = () => ({ 'x-identity-header': header });

  async function ask(path: string, headers: Readonly<Record<string, string>>, method = 'GET'): Promise<Reply> {
    const req = request({ host: '127.0.0.1', port: control.identityPort, path, method, headers, agent: false });
    req.end();
    const [res] = (await once(req, 'response')) as [IncomingMessage];
    let text = '';
    for await (const chunk of res.setEncoding('utf8')) text += String(chunk);
    return { status: res.statusCode ?? 0, json: JSON.parse(text) as Reply['json'] };
  }
  /** Everything that comes back; `ends`: nothing more is sent, as by a process that closes its end at once. */
  async function exchange(head: string, ends: boolean): Promise<string> {
    const socket = connect({ host: '127.0.0.1', port: control.identityPort, allowHalfOpen: true });
    if (ends) socket.end(head);
    else socket.write(head);
    let text = '';
    for await (const chunk of socket.setEncoding('utf8')) text += String(chunk);
    socket.destroy();
    return text;
  }
  async function askAs(uid: number, path: string, headers: Readonly<Record<string, string>>): Promise<Reply> {
    const url = `http://127.0.0.1:${control.identityPort}${path}`;
    const child = spawn(process.execPath, ['-e', ASK, url, JSON.stringify(headers)], {
      uid,
      gid: uid,
      cwd: '/',
      env: {},
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let text = '';
    for await (const chunk of child.stdout.setEncoding('utf8')) text += String(chunk);
    const [status, json] = JSON.parse(text) as [number, Reply['json']];
    return { status, json };
  }
  const granted = ({ status, json }: Reply, of: { readonly oid: string; readonly clientId: string }): void => {
    assert.equal(status, 200, JSON.stringify(json));
    const claims = decodeJwt(String(json.access_token));
    assert.deepEqual(
      [claims.oid, claims.appid, claims.aud, claims.tid, claims.idtyp, claims.exp],
      [of.oid, of.clientId, MHSM, control.secrets.tenantId, 'app', Number(json.expires_on)],
    );
  };
  const refused = ({ status, json }: Reply, wanted: number, reason: RegExp): void => {
    assert.equal(status, wanted, JSON.stringify(json));
    assert.match(String(json.message), reason);
    assert.equal(json.error_description, json.message);
    assert.ok(!('access_token' in json));
  };

  test('a bound user gets its identity in both styles, and is found by every name that clients send', async () => {
    await bind({ identity: second.oid, uid: OWN_UID });
    granted(await ask(appService(), secret()), second);
    granted(await ask(imds(), METADATA), second);
    granted(await ask(imds({ client_id: second.clientId.toUpperCase() }), METADATA), second);
    granted(await ask(imds({ object_id: second.oid }).replace('?', '/?'), METADATA), second);
    granted(await ask(imds({ msi_res_id: '/subscriptions/s/second' }), METADATA), second);
    granted(await ask(appService({ mi_res_id: '/subscriptions/s/second' }), secret()), second);
    const { json } = await ask(imds(), METADATA);
    assert.deepEqual([json.token_type, json.resource, json.expires_in], ['Bearer', MHSM, '3600']);
  });

  test('a user who is not bound is refused and told how to be let in, and nothing of others', async () => {
    await bind({ identity: identity.oid, uid: OWN_UID + 1 });
    for (const reply of [await ask(appService(), secret()), await ask(imds(), METADATA)]) {
      refused(
        reply,
        403,
        new RegExp(`User ${OWN_UID} is not bound .*strongroom identity bind IDENTITY --user ${OWN_UID}$`),
      );
      assert.ok(!JSON.stringify(reply.json).includes(identity.oid));
    }
  });

  test('a binding that is removed gives no token any more; one of another identity is no way to this one', async () => {
    await bind({ identity: identity.oid, uid: OWN_UID });
    granted(await ask(imds(), METADATA), identity);
    refused(await ask(imds({ client_id: second.clientId }), METADATA), 403, /not bound to this managed identity/);
    await bind();
    refused(await ask(imds(), METADATA), 403, /not bound to any/);
  });

  test('several identities of one user must be chosen between', async () => {
    await bind({ identity: identity.oid, uid: OWN_UID }, { identity: second.oid, uid: OWN_UID });
    refused(await ask(imds(), METADATA), 400, /choose with client_id/);
    granted(await ask(imds({ client_id: identity.clientId }), METADATA), identity);
    granted(await ask(appService({ principal_id: second.oid }), secret()), second);
  });

  test('another user of the machine is told apart by the system', {
    skip: OWN_UID !== 0 && 'only root can ask as somebody else',
  }, async () => {
    await bind({ identity: identity.oid, uid: NOBODY });
    granted(await askAs(NOBODY, imds(), METADATA), identity);
    refused(await ask(imds(), METADATA), 403, /User 0 is not bound/);
    await bind({ identity: identity.oid, uid: 0 });
    refused(await askAs(NOBODY, imds(), METADATA), 403, /User 65534 is not bound/);
  });

  test('a binding to a program holds for that program alone', async () => {
    await bind({ identity: identity.oid, uid: OWN_UID, executable: process.execPath });
    granted(await ask(imds(), METADATA), identity);
    await bind({ identity: identity.oid, uid: OWN_UID, executable: '/usr/bin/env' });
    refused(await ask(imds(), METADATA), 403, new RegExp(`User ${OWN_UID} \\(${process.execPath}\\) is not bound`));
  });

  test('a caller that has closed its end is nobody', async () => {
    await bind({ identity: identity.oid, uid: 0 }, { identity: identity.oid, uid: OWN_UID });
    const head = `GET ${imds()} HTTP/1.1\r\nhost: 127.0.0.1:${control.identityPort}\r\nmetadata: true\r\nconnection: close\r\n\r\n`;
    assert.match(await exchange(head, false), /^HTTP\/1\.1 200 /);
    assert.doesNotMatch(await exchange(head, true), /access_token/);
  });

  test('what a page, a proxy or a careless program would send is refused before anything is looked at', async () => {
    await bind({ identity: identity.oid, uid: OWN_UID });
    refused(await ask(appService(), {}), 401, /X-IDENTITY-HEADER/);
    refused(await ask(appService(), { 'x-identity-header': `${header}0` }), 401, /X-IDENTITY-HEADER/);
    refused(await ask(imds(), {}), 400, /metadata header/);
    refused(await ask(imds(), { metadata: 'yes' }), 400, /metadata header/);
    for (const name of ['x-forwarded-for', 'forwarded', 'via', 'origin']) {
      refused(await ask(imds(), { ...METADATA, [name]: '127.0.0.1' }), 400, /proxy/);
      refused(await ask(appService(), { ...secret(), [name]: '127.0.0.1' }), 400, /proxy/);
    }
    refused(await ask(imds(), { ...METADATA, host: `attacker.example:${control.identityPort}` }), 421, /is asked as/);
    refused(await ask(imds(), { ...METADATA, host: '127.0.0.1' }), 421, /is asked as/);
    refused(await ask(imds(), METADATA, 'POST'), 405, /GET/);
    refused(await ask(imds(), METADATA, 'OPTIONS'), 405, /GET/);
    refused(await ask('/metadata/instance', METADATA), 400, /Ask at/);
    refused(await ask(imds().replace('?', '//?'), METADATA), 400, /Ask at/);
    refused(await ask('/metadata/identity/../identity/oauth2/token', METADATA), 400, /Ask at/);
    refused(await ask(imds({ 'api-version': '2017-09-01' }), METADATA), 400, /api-version/);
    refused(await ask(imds({ resource: 'https://storage.azure.com' }), METADATA), 400, /resource must be one of/);
    refused(await ask(imds({ resource: '' }), METADATA), 400, /resource must be one of/);
    refused(await ask(`${imds()}&resource=${encodeURIComponent(MHSM)}`, METADATA), 400, /given twice/);
    refused(await ask(`${imds()}&client_id=${identity.clientId}&client_id=${second.clientId}`, METADATA), 400, /twice/);
    const head = `GET ${imds()} HTTP/1.1\r\nhost: x\r\ncookie: ${'c'.repeat(9000)}\r\n\r\n`;
    assert.match(await exchange(head, false), /^HTTP\/1\.1 431 /);
  });

  test('a bindings file that cannot be used gives nobody anything, and its log says why', async () => {
    for (const text of [
      '{',
      '[]',
      '{"format":"strongroom identity bindings 1","bindings":[{"identity":"x","uid":0}]}',
      `{"format":"strongroom identity bindings 1","bindings":[{"identity":"${identity.oid}","uid":-1}]}`,
      `{"format":"strongroom identity bindings 1","bindings":[{"identity":"${identity.oid}","uid":0,"executable":"node"}]}`,
      `{"format":"strongroom identity bindings 1","bindings":[{"identity":"${identity.oid}","uid":0,"user":"root"}]}`,
    ]) {
      await writeFile(join(control.folder, 'identity-bindings.json'), text);
      const reply = await ask(imds(), METADATA);
      refused(reply, 503, /its log says why/);
      assert.match(control.logged.at(-1) ?? '', /identity-bindings\.json cannot be used/);
    }
    await bind();
  });

  test('port and header outlive a restart', async () => {
    const { identityPort } = control;
    await control.restart();
    assert.equal(control.identityPort, identityPort);
    await bind({ identity: identity.oid, uid: OWN_UID });
    granted(await ask(appService(), secret()), identity);
  });
});
