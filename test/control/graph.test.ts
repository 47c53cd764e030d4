import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { type Reply, type RunningControl, runControl } from '../support/running-control.ts';

const GRAPH = 'https://graph.microsoft.com';

describe('Graph', () => {
  let control: RunningControl;
  let headers: Readonly<Record<string, string>>;
  before(async () => {
    control = await runControl();
    headers = { authorization: `Bearer ${await control.token(control.secrets.applications.admin, GRAPH)}` };
  });
  after(() => control[Symbol.asyncDispose]());

  const get = (path: string): Promise<Reply> => control.call(`${GRAPH}/v1.0${path}`, { headers });
  const filter = (set: string, text: string): Promise<Reply> => get(`/${set}?$filter=${encodeURIComponent(text)}`);
  const ids = (reply: Reply): unknown[] => {
    assert.equal(reply.status, 200, reply.text);
    return (reply.json.value as readonly { readonly id: string }[]).map(({ id }) => id);
  };

  test('finds principals by id, whatever they are, and leaves unknown ones out', async () => {
    const { users, applications, operatorsGroupOid } = control.secrets;
    const json = {
      ids: [users.alice.oid, randomUUID(), operatorsGroupOid, applications.owner.oid, 'no id'],
      types: ['user', 'group', 'servicePrincipal', 'directoryObjectPartnerReference'],
    };
    const reply = await control.call(`${GRAPH}/v1.0/directoryObjects/getByIds`, { headers, json });
    assert.deepEqual(ids(reply), [users.alice.oid, operatorsGroupOid, applications.owner.oid]);
    const types = (reply.json.value as readonly Record<string, unknown>[]).map((each) => each['@odata.type']);
    assert.deepEqual(types, ['#microsoft.graph.user', '#microsoft.graph.group', '#microsoft.graph.servicePrincipal']);
    const onlyGroups = await control.call(`${GRAPH}/v1.0/directoryObjects/getByIds`, {
      headers,
      json: { ...json, types: ['group'] },
    });
    assert.deepEqual(ids(onlyGroups), [operatorsGroupOid]);
  });

  test('answers the filters of the command line', async () => {
    const { users, applications, operatorsGroupOid } = control.secrets;
    assert.deepEqual(ids(await filter('users', `userPrincipalName eq '${users.bob.upn}'`)), [users.bob.oid]);
    assert.deepEqual(ids(await filter('users', "userPrincipalName eq 'o''brien@x'")), []);
    const names = `servicePrincipalNames/any(c:c eq '${applications.consumer.appId}')`;
    assert.deepEqual(ids(await filter('servicePrincipals', names)), [applications.consumer.oid]);
    assert.deepEqual(ids(await filter('groups', "displayName eq 'hsm-operators'")), [operatorsGroupOid]);
    for (const text of [
      "startswith(displayName,'x')",
      "passwordHash eq 'x'",
      "a eq 'b' or c eq 'd'",
      "x/any(a:b eq 'c')",
    ]) {
      assert.equal((await filter('users', text)).status, 400, text);
    }
  });

  test('shows one principal, by id or by name', async () => {
    const { users, applications } = control.secrets;
    assert.equal((await get(`/users/${users.alice.upn}`)).json.id, users.alice.oid);
    assert.equal((await get(`/servicePrincipals/${applications.owner.oid}`)).json.appId, applications.owner.appId);
    assert.equal((await get(`/servicePrincipals/${users.alice.oid}`)).status, 404);
    assert.equal((await get(`/users/${randomUUID()}`)).json.error instanceof Object, true);
    assert.deepEqual(ids(await get(`/groups/${control.secrets.operatorsGroupOid}/members`)), [users.alice.oid]);
  });

  test('never shows a hash or a certificate', async () => {
    for (const set of ['users', 'servicePrincipals', 'groups']) {
      assert.doesNotMatch((await get(`/${set}`)).text, /scrypt|secret|hash|certificate/i);
    }
  });

  test('knows the signed-in user, and says when an application asks', async () => {
    assert.equal((await get('/me')).status, 400);
    const { upn, password, oid } = control.secrets.users.bob;
    const tokens = await control.call(
      `https://login.microsoftonline.com/${control.secrets.tenantId}/oauth2/v2.0/token`,
      {
        form: {
          grant_type: 'password',
          client_id: '04b07795-8ddb-461a-bbee-02f9e1bf7b46',
          username: upn,
          password,
          scope: `${GRAPH}/.default`,
        },
      },
    );
    const me = await control.call(`${GRAPH}/v1.0/me`, {
      headers: { authorization: `Bearer ${String(tokens.json.access_token)}` },
    });
    assert.equal(me.json.id, oid);
  });

  test('takes tokens for Graph only', async () => {
    const arm = await control.token(control.secrets.applications.admin, 'https://management.core.windows.net/');
    assert.equal((await control.call(`${GRAPH}/v1.0/users`)).status, 401);
    const reply = await control.call(`${GRAPH}/v1.0/users`, { headers: { authorization: `Bearer ${arm}` } });
    assert.equal(reply.status, 401);
  });
});
