import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { decodeJwt } from 'jose';
import { type Reply, type RunningControl, runControl } from '../support/running-control.ts';

const LOGIN = 'https://login.microsoftonline.com';
const CLI = '04b07795-8ddb-461a-bbee-02f9e1bf7b46';
const ARM = 'https://management.core.windows.net/';
const SCOPE = `${ARM}/.default openid profile offline_access`;
const DEVICE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code';

describe('a person signing in', () => {
  let control: RunningControl;
  let token: string;
  before(async () => {
    control = await runControl();
    token = `${LOGIN}/${control.secrets.tenantId}/oauth2/v2.0/token`;
  });
  after(() => control[Symbol.asyncDispose]());

  describe('on another device', () => {
    const begin = async (): Promise<Readonly<Record<string, unknown>>> => {
      const url = `${LOGIN}/organizations/oauth2/v2.0/devicecode`;
      const reply = await control.call(url, { form: { client_id: CLI, scope: SCOPE } });
      assert.equal(reply.status, 200, reply.text);
      return reply.json;
    };
    const poll = (flow: Readonly<Record<string, unknown>>): Promise<Reply> => {
      const code = String(flow.device_code);
      return control.call(token, {
        form: { grant_type: DEVICE_GRANT, client_id: CLI, device_code: code, code },
      });
    };
    const approve = (userCode: string, password = control.secrets.users.alice.password): Promise<Reply> =>
      control.call(`${LOGIN}/devicelogin`, {
        form: { user_code: userCode, username: control.secrets.users.alice.upn, password },
      });

    test('gets a code, and tokens once the code is approved', async () => {
      const flow = await begin();
      assert.equal(flow.verification_uri, `${LOGIN}/devicelogin`);
      assert.match(String(flow.message), new RegExp(String(flow.user_code)));
      const pending = await poll(flow);
      assert.equal(pending.status, 400);
      assert.equal(pending.json.error, 'authorization_pending');
      assert.equal((await approve(String(flow.user_code).toLowerCase())).status, 200);
      const reply = await poll(flow);
      assert.equal(reply.status, 200, reply.text);
      // Clients drop an access token whose scope is not the one they asked for.
      assert.equal(reply.json.scope, SCOPE);
      assert.equal(decodeJwt(String(reply.json.access_token)).aud, ARM);
      assert.equal(decodeJwt(String(reply.json.access_token)).oid, control.secrets.users.alice.oid);
      assert.equal(typeof reply.json.refresh_token, 'string');
      assert.equal((await poll(flow)).json.error, 'invalid_grant');
    });

    test('is not approved by a wrong password, twice, or by a wrong code', async () => {
      const flow = await begin();
      assert.equal((await approve(String(flow.user_code), 'wrong')).status, 401);
      assert.equal((await poll(flow)).json.error, 'authorization_pending');
      assert.equal((await approve('BBBBBBBBB')).status, 404);
      assert.equal((await approve(String(flow.user_code))).status, 200);
      assert.equal((await approve(String(flow.user_code))).status, 409);
    });

    test('sees what it typed as text, never as markup', async () => {
      const page = await approve('"><script>alert(1)</script>', 'wrong');
      assert.ok(!page.text.includes('<script>'));
      const link = await control.call(`${LOGIN}/devicelogin?user_code=%22%3E%3Cimg%3E`);
      assert.equal(link.status, 200);
      assert.ok(!link.text.includes('<img>'));
    });

    test('gets no code for an unknown client or resource', async () => {
      const url = `${LOGIN}/organizations/oauth2/v2.0/devicecode`;
      const stranger = await control.call(url, { form: { client_id: 'x', scope: SCOPE } });
      assert.deepEqual(stranger.json.error_codes, [700016]);
      const form = { client_id: CLI, scope: 'https://example.org/.default' };
      assert.deepEqual((await control.call(url, { form })).json.error_codes, [500011]);
    });
  });

  describe('in a browser', () => {
    const verifier = randomBytes(32).toString('base64url');
    const redirectUri = 'http://localhost:51234';
    const authorize = (changes: Readonly<Record<string, string>> = {}): Promise<Reply> => {
      const query = new URLSearchParams({
        response_type: 'code',
        client_id: CLI,
        redirect_uri: redirectUri,
        scope: SCOPE,
        state: 'the-state',
        nonce: 'the-nonce',
        code_challenge: createHash('sha256').update(verifier).digest('base64url'),
        code_challenge_method: 'S256',
        prompt: 'select_account',
        client_info: '1',
        ...changes,
      });
      return control.call(`${LOGIN}/organizations/oauth2/v2.0/authorize?${query}`);
    };
    const cookies = (reply: Reply): string =>
      [reply.headers['set-cookie'] ?? []]
        .flat()
        .map((cookie) => cookie.split(';')[0])
        .join('; ');
    const signIn = async (password = control.secrets.users.bob.password) => {
      const begun = await authorize();
      assert.equal(begun.status, 303, begun.text);
      const page = new URL(String(begun.headers.location), LOGIN).href;
      const headers = { cookie: cookies(begun) };
      assert.equal((await control.call(page, { headers })).status, 200);
      const form = { username: control.secrets.users.bob.upn, password };
      return { submitted: await control.call(page, { headers, form }), headers };
    };
    const codeOf = async (): Promise<string> => {
      const { submitted, headers } = await signIn();
      assert.equal(submitted.status, 303, submitted.text);
      const back = await control.call(String(submitted.headers.location), { headers });
      assert.equal(back.status, 303, back.text);
      const target = new URL(String(back.headers.location));
      assert.equal(target.origin, redirectUri);
      assert.equal(target.searchParams.get('state'), 'the-state');
      return target.searchParams.get('code') ?? '';
    };
    const redeem = (code: string, changes: Readonly<Record<string, string>> = {}): Promise<Reply> =>
      control.call(token, {
        form: {
          grant_type: 'authorization_code',
          client_id: CLI,
          code,
          redirect_uri: redirectUri,
          code_verifier: verifier,
          scope: SCOPE,
          ...changes,
        },
      });

    test('is sent back with a code that its own client can redeem once', async () => {
      const code = await codeOf();
      const reply = await redeem(code);
      assert.equal(reply.status, 200, reply.text);
      assert.equal(decodeJwt(String(reply.json.access_token)).upn, control.secrets.users.bob.upn);
      assert.equal(decodeJwt(String(reply.json.id_token)).nonce, 'the-nonce');
      assert.equal((await redeem(code)).json.error, 'invalid_grant');
    });

    test('keeps the code useless without verifier and redirect address', async () => {
      const code = await codeOf();
      assert.equal((await redeem(code, { code_verifier: 'x'.repeat(43) })).json.error, 'invalid_grant');
      assert.equal((await redeem(code, { redirect_uri: 'http://localhost:1' })).json.error, 'invalid_grant');
      assert.equal((await redeem(code)).status, 200);
    });

    test('stays on the page after a wrong password', async () => {
      assert.equal((await signIn('wrong')).submitted.status, 401);
    });

    test('is never sent to an address that is not the client’s, and never without PKCE', async () => {
      const elsewhere = await authorize({ redirect_uri: 'https://example.org/' });
      assert.equal(elsewhere.status, 400);
      assert.equal(elsewhere.headers.location, undefined);
      const bare = await authorize({ code_challenge: '', code_challenge_method: '' });
      assert.match(String(bare.headers.location ?? ''), /error=invalid_request/);
    });

    test('without a session gets nothing from the sign-in page', async () => {
      const form = { username: control.secrets.users.bob.upn, password: control.secrets.users.bob.password };
      const reply = await control.call(`${LOGIN}/interaction/none`, { form });
      assert.ok(reply.status >= 400 && reply.status < 500, String(reply.status));
    });
  });
});
