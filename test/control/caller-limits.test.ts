// What callers of the management plane may cost: refusals by address, sign-ins before their secret is looked at, requests
// by principal where that is configured; and that the configuration of the dev profile reaches the control process.
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { IDENTITY_HEADER_FILE } from '../../src/control/directory/issuer/managed-identity.ts';
import { BEGUN_SECONDS, MAX_ENTRIES } from '../../src/control/directory/issuer/memory-adapter.ts';
import { BEGINNINGS, EVERYBODY } from '../../src/http/limits/request-limits.ts';
import { type CallOptions, call, type Reply, type RunningControl, runControl } from '../support/running-control.ts';
import { startProduct } from '../support/running-product.ts';

const ARM = 'https://management.azure.com';
const LOGIN = 'https://login.microsoftonline.com';
const SUBSCRIPTIONS = `${ARM}/subscriptions?api-version=2022-12-01`;
const CLI = '04b07795-8ddb-461a-bbee-02f9e1bf7b46';
const BURST = 3;
const WAIT = 100;

describe('with little room for strangers', () => {
  let control: RunningControl;
  let tenant: string;
  let seconds = 0;
  before(async () => {
    control = await runControl({
      limits: {
        strangers: { burst: BURST, perSecond: 1 / WAIT },
        principals: { burst: 4, perSecond: 1 / WAIT },
        connectionsPerAddress: 200,
      },
      elapsed: () => seconds,
    });
    tenant = control.secrets.tenantId;
  });
  after(() => control[Symbol.asyncDispose]());
  /** Everybody has all of their share again. */
  const refill = (): void => {
    seconds += WAIT * 100;
  };
  const login = (changes: Readonly<Record<string, string>> = {}, from?: string): Promise<Reply> => {
    const { appId, secret } = control.secrets.applications.admin;
    const form = {
      grant_type: 'client_credentials',
      client_id: appId,
      client_secret: secret,
      scope: `${ARM}/.default`,
    };
    const options: CallOptions = { form: { ...form, ...changes }, ...(from === undefined ? {} : { from }) };
    return control.call(`${LOGIN}/${tenant}/oauth2/v2.0/token`, options);
  };
  const beginOnDevice = (from: string): Promise<Reply> =>
    control.call(`${LOGIN}/${tenant}/oauth2/v2.0/devicecode`, {
      form: { client_id: CLI, scope: `${ARM}/.default` },
      from,
    });
  const browserSignIn = (): string => {
    const query = new URLSearchParams({
      response_type: 'code',
      client_id: CLI,
      redirect_uri: 'http://localhost:51234',
      scope: `${ARM}/.default openid profile offline_access`,
      code_challenge: 'x'.repeat(43),
      code_challenge_method: 'S256',
    });
    return `${LOGIN}/${tenant}/oauth2/v2.0/authorize?${query}`;
  };
  const statuses = async (count: number, ask: () => Promise<Reply>): Promise<number[]> => {
    const all: number[] = [];
    while (all.length < count) all.push((await ask()).status);
    return all;
  };

  for (const [what, status, url, options] of [
    ['no token', 401, SUBSCRIPTIONS, {}],
    ['a token that is none', 401, SUBSCRIPTIONS, { headers: { authorization: 'Bearer a.b.c' } }],
    ['no api-version', 400, `${ARM}/subscriptions`, {}],
    ['a path that is nothing', 404, `${ARM}/nothing`, {}],
    ['a body that is no JSON', 400, `${ARM}/subscriptions/x/resourceGroups/y`, { method: 'PUT', body: '{' }],
    ['nobody to ask the directory for', 401, 'https://graph.microsoft.com/v1.0/me', {}],
    ['an unknown tenant to sign in to', 400, `${LOGIN}/nobody.example/oauth2/v2.0/token`, { form: {} }],
    ['a sign-in that was not begun here', 400, `${LOGIN}/auth/nobody`, {}],
    ['a wrong header for a managed identity', 401, `${LOGIN}/msi/token`, { headers: { 'x-identity-header': 'x' } }],
    ['a wrong password on the page', 401, `${LOGIN}/devicelogin`, { form: { username: 'alice', password: 'no' } }],
  ] as const) {
    test(`${what}: as many refusals as any stranger gets, then 429, for that address alone`, async () => {
      refill();
      const own = { method: 'GET', headers: { 'content-type': 'application/json' }, ...options };
      const ask = (from: string) => control.call(url, 'form' in options ? { ...options, from } : { ...own, from });
      assert.deepEqual(await statuses(BURST + 2, () => ask('127.0.0.2')), [status, status, status, 429, 429]);
      const throttled = await ask('127.0.0.2');
      assert.equal(throttled.headers['retry-after'], String(WAIT));
      assert.equal((await ask('127.0.0.3')).status, status, 'others are not concerned');
      seconds += WAIT;
      assert.deepEqual(await statuses(2, () => ask('127.0.0.2')), [status, 429]);
    });
  }

  test('the refusal has the shape of the resource manager, and the log one line of the caller', async () => {
    refill();
    const before = control.logged.length;
    await statuses(BURST, () => control.call(SUBSCRIPTIONS, { from: '127.0.0.4' }));
    for (let n = 0; n < 20; n++) {
      const { status, json, headers } = await control.call(SUBSCRIPTIONS, { from: '127.0.0.4' });
      assert.equal(status, 429);
      assert.equal(headers['retry-after'], '100');
      const message = 'Too many requests from your address without a valid token; try again in 100 s';
      assert.deepEqual(json, { error: { code: 'TooManyRequests', message } });
    }
    assert.deepEqual(control.logged.slice(before), ['control: a request of 127.0.0.4 was throttled']);
    seconds += 10;
    await control.call(SUBSCRIPTIONS, { from: '127.0.0.4' });
    assert.equal(control.logged.at(-1), 'control: a request of 127.0.0.4 was throttled (19 before it are not logged)');
  });

  test('what needs no token, and whoever has one, are answered from an address that has used up its share', async () => {
    refill();
    const token = await control.token(control.secrets.applications.admin, ARM);
    const from = '127.0.0.5';
    assert.equal((await statuses(BURST + 1, () => control.call(SUBSCRIPTIONS, { from }))).at(-1), 429);
    const headers = { authorization: `Bearer ${token}` };
    assert.equal((await control.call(SUBSCRIPTIONS, { from, headers })).status, 200);
    assert.equal((await control.call(`${ARM}/metadata/endpoints?api-version=2022-09-01`, { from })).status, 200);
    assert.equal((await control.call(`${LOGIN}/${tenant}/discovery/v2.0/keys`, { from })).status, 200);
  });

  test('once too many secrets were wrong even the right one is not looked at, until its time', async () => {
    refill();
    const from = '127.0.0.6';
    const wrong = await statuses(BURST, () => login({ client_secret: 'wrong' }, from));
    assert.deepEqual(wrong, [401, 401, 401]);
    const refused = await login({}, from);
    assert.equal(refused.status, 429);
    assert.equal(refused.headers['retry-after'], String(WAIT));
    assert.equal(refused.json.error, 'temporarily_unavailable');
    assert.match(String(refused.json.error_description), /^Too many requests from your address without a valid token/);
    seconds += WAIT;
    assert.equal((await login({}, from)).status, 200);
  });

  test('guesses that arrive at the same time are not more than one after the other', async () => {
    refill();
    const all = await Promise.all(Array.from({ length: 12 }, () => login({ client_secret: 'wrong' }, '127.0.0.7')));
    assert.equal(all.filter(({ status }) => status === 401).length, BURST);
    assert.equal(all.filter(({ status }) => status === 429).length, 12 - BURST);
  });

  test('sign-ins that succeed cost nothing', async () => {
    refill();
    assert.deepEqual(await statuses(4 * BURST, () => login({}, '127.0.0.8')), Array(4 * BURST).fill(200));
  });

  test('refusals, however many, keep nobody at the same address from signing in', async () => {
    refill();
    const from = '127.0.0.9';
    const refused = await statuses(BURST + 1, () => control.call(`${ARM}/nothing`, { from }));
    assert.equal(refused.at(-1), 429);
    assert.equal((await login({}, from)).status, 200);
    assert.equal((await beginOnDevice(from)).status, 200);
    assert.equal((await control.call(browserSignIn(), { from })).status, 303);
  });

  test('an instance gets its token for backups whatever others at the machine are refused', async () => {
    refill();
    const header = await readFile(join(control.folder, IDENTITY_HEADER_FILE), 'utf8');
    const query = new URLSearchParams({ 'api-version': '2019-08-01', resource: 'https://storage.azure.com' });
    const ask = (value: string) =>
      control.call(`${LOGIN}/msi/token?${query}`, { headers: { 'x-identity-header': value } });
    assert.equal((await statuses(BURST + 1, () => ask('wrong'))).at(-1), 429);
    const wrong = await statuses(BURST + 1, () => login({ client_secret: 'wrong' }));
    assert.equal(wrong.at(-1), 429);
    assert.equal((await ask(header)).status, 200);
  });

  test('whoever goes round the front is one caller, whatever loopback address they take', async () => {
    refill();
    const directly = (from: string) =>
      call(control.listenerPort, control.authority.certificate, SUBSCRIPTIONS, { from });
    const all: number[] = [];
    for (let n = 40; n < 40 + BURST + 1; n++) all.push((await directly(`127.0.0.${n}`)).status);
    assert.deepEqual(all, [401, 401, 401, 429]);
    assert.equal(control.logged.at(-1), 'control: a request of a client without an address was throttled');
    assert.equal((await control.call(SUBSCRIPTIONS, { from: '127.0.0.40' })).status, 401);
  });

  for (const [what, begin] of [
    ['on another device', (from: string) => beginOnDevice(from)],
    ['in a browser', (from: string) => control.call(browserSignIn(), { from })],
    [
      'in a browser of a client that is none',
      (from: string) => control.call(`${LOGIN}/${tenant}/oauth2/v2.0/authorize?client_id=nobody`, { from }),
    ],
  ] as const) {
    test(`sign-ins that are begun ${what} cost their address, whatever is answered`, async () => {
      refill();
      const one = await statuses(BEGINNINGS.burst + 1, () => begin('127.0.0.50'));
      assert.equal(one.indexOf(429), BEGINNINGS.burst);
      const throttled = await begin('127.0.0.50');
      assert.equal(throttled.json.error, 'temporarily_unavailable');
      assert.match(String(throttled.headers['retry-after']), /^\d+$/);
      assert.notEqual((await begin('127.0.0.51')).status, 429, 'others are not concerned');
      assert.equal((await login({}, '127.0.0.50')).status, 200);
      seconds += 1 / BEGINNINGS.perSecond;
      assert.notEqual((await begin('127.0.0.50')).status, 429);
    });
  }

  test('what is kept of a sign-in that anybody may begin is bounded in length, too', async () => {
    refill();
    const scope = (length: number): string => `${ARM}/.default ${'x'.repeat(length)}`;
    const onDevice = (length: number) =>
      control.call(`${LOGIN}/${tenant}/oauth2/v2.0/devicecode`, {
        form: { client_id: CLI, scope: scope(length) },
        from: '127.0.0.101',
      });
    assert.notEqual((await onDevice(1_000)).status, 413);
    const long = await onDevice(9_000);
    assert.equal(long.status, 413, long.text);
    assert.match(long.text, /invalid_request.*8192 characters at most/);
    assert.equal(
      (await control.call(`${browserSignIn()}&state=${'x'.repeat(9_000)}`, { from: '127.0.0.102' })).status,
      413,
    );
  });

  test('a secret is guessed no more often where a device code is asked for', async () => {
    refill();
    const { appId } = control.secrets.applications.admin;
    const form = { client_id: appId, client_secret: 'wrong', scope: `${ARM}/.default` };
    const guess = () => control.call(`${LOGIN}/${tenant}/oauth2/v2.0/devicecode`, { form, from: '127.0.0.100' });
    const all = await statuses(BURST + 1, guess);
    assert.ok(!all.slice(0, BURST).includes(429), String(all));
    assert.equal(all.at(-1), 429);
  });

  test('a principal is limited over all of its addresses, and not for what others do', async () => {
    refill();
    const { admin, owner } = control.secrets.applications;
    const [mine, theirs] = [await control.token(admin, ARM), await control.token(owner, ARM)];
    let n = 20;
    const ask = (token: string) =>
      control.call(SUBSCRIPTIONS, { from: `127.0.0.${n++}`, headers: { authorization: `Bearer ${token}` } });
    assert.deepEqual(await statuses(5, () => ask(mine)), [200, 200, 200, 200, 429]);
    const { json } = await ask(mine);
    const message = 'Too many requests by this principal; try again in 100 s';
    assert.deepEqual(json, { error: { code: 'TooManyRequests', message } });
    assert.notEqual((await ask(theirs)).status, 429);
  });
});

test('no sign-in that is under way is forgotten for others: all that callers may begin in its time has room', () => {
  const most = EVERYBODY * (BEGINNINGS.burst + BEGINNINGS.perSecond * BEGUN_SECONDS);
  assert.ok(most < MAX_ENTRIES, String(most));
});

test('limits of a dev configuration hold for the management plane', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'strongroom-limits-'));
  try {
    const config = join(folder, 'config.json');
    await writeFile(config, JSON.stringify({ limits: { strangers: { burst: 2, perSecond: 1 } } }));
    await using product = await startProduct({ demo: false, config });
    const ask = async () => (await call(product.state.port, product.ca, SUBSCRIPTIONS)).status;
    // At the steady rate it would take more than a minute until all of these are let through.
    const all = await Promise.all(Array.from({ length: 70 }, ask));
    assert.ok(all.filter((status) => status === 401).length >= 2);
    assert.ok(all.includes(429), String(all));
  } finally {
    await rm(folder, { recursive: true });
  }
});
