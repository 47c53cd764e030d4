// The log over real connections: who reads it, what is found, page by page and as it comes, and that a search holds nobody up.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';

import { after, before, test } from 'node:test';
import { places } from '../../src/deployment/data-layout.ts';
import { openEntries } from '../../src/features/audit/read-entries.ts';
import { type Reply, type RunningInstance, startRunningInstance } from '../support/running-instance.ts';

interface Found {
  readonly value: readonly {
    readonly index: number;
    readonly operationName: string;
    readonly httpStatusCode: number;
  }[];
  readonly size: number;
  readonly indexed: number;
  readonly nextLink?: string;
}

const auditor = randomUUID();
const user = randomUUID();
let instance: RunningInstance;
let [token, userToken] = ['', ''];
before(async () => {
  instance = await startRunningInstance();
  await instance.activate();
  await instance.assign('Strongroom Auditor', auditor);
  await instance.assign('Managed HSM Crypto User', user);
  token = await instance.issuer.token(auditor);
  userToken = await instance.issuer.token(user);
});
after(() => instance[Symbol.asyncDispose]());

const ask = (query: string, as: string = token): Promise<Reply> =>
  instance.ask('GET', `/strongroom/v1/audit?api-version=7.6${query}`, { token: as });

async function found(query: string): Promise<Found> {
  const { status, json, text } = await ask(query);
  assert.equal(status, 200, text);
  return json as unknown as Found;
}

test('an Auditor of ours reads the log and does nothing else, and nobody else reads it', async () => {
  const { value, size, indexed } = await found('&operation=RoleAssignmentCreate');
  assert.deepEqual(new Set(value.map(({ operationName }) => operationName)), new Set(['RoleAssignmentCreate']));
  assert.ok(value.length >= 2 && size > value.length);
  assert.equal(indexed, 0);
  for (const path of [
    '/keys',
    '/settings',
    '/providers/Microsoft.Authorization/roleAssignments',
    '/strongroom/settings',
  ]) {
    const { status } = await instance.ask('GET', `${path}?api-version=7.6`, { token });
    assert.equal(status, 403, path);
  }
  assert.equal((await instance.ask('POST', '/rng?api-version=7.6', { token, body: { count: 8 } })).status, 403);
  for (const as of [userToken, await instance.adminToken()]) assert.equal((await ask('', as)).status, 403);
  const nobody = await instance.ask('GET', '/strongroom/v1/audit?api-version=7.6', {});
  assert.equal(nobody.status, 401);
});

test('each look is on record before it is answered', async () => {
  const { size } = await found('&text=nothing');
  const [own] = (await found('&operation=AuditSearch&maxresults=1')).value;
  assert.ok(own !== undefined && own.index >= size);
  assert.match(JSON.stringify(own), /"requestUri":"[^"]*text=nothing/);
});

test('what is looked for cannot be kept off the record by a long address', async () => {
  const path = `/strongroom/v1/audit?api-version=7.6&zz=${'x'.repeat(2_000)}&text=hidden`;
  const { status, text } = await instance.ask('GET', path, { token });
  assert.equal(status, 400, text);
  assert.match(text, /BadParameter.*more than 2000 characters/);
});

test('filters, order and pages: all of it, once, as the log has it', async () => {
  for (let i = 0; i < 30; i++) {
    const name = `/keys/paged-${i % 3}?api-version=7.6`;
    assert.equal((await instance.ask('GET', name, { token: userToken })).status, 404);
  }
  const log = [...openEntries(places(instance.folder).instance('test').audit).from(0)].map(({ index, text }) => ({
    index,
    entry: JSON.parse(text) as Readonly<Record<string, unknown>>,
  }));
  const wanted = log
    .filter(({ entry }) => entry['operationName'] === 'KeyGet' && entry['scope'] === '/keys/paged-1')
    .map(({ index }) => index);
  assert.equal(wanted.length, 10);
  for (const order of ['newest', 'oldest']) {
    const seen: number[] = [];
    let page = await found(`&order=${order}&key=PAGED-1&outcome=404&maxresults=3`);
    for (;;) {
      assert.ok(page.value.length <= 3);
      seen.push(...page.value.map(({ index }) => index));
      if (page.nextLink === undefined) break;
      const { pathname, search } = new URL(page.nextLink);
      const reply = await instance.ask('GET', `${pathname}${search}&api-version=7.6`, { token });
      assert.equal(reply.status, 200, reply.text);
      page = reply.json as unknown as Found;
    }
    assert.deepEqual(seen, order === 'newest' ? wanted.toReversed() : wanted);
  }
  const caller = await found(`&caller=${user}&until=2000-01-01`);
  assert.deepEqual(caller.value, []);
});

test('whoever follows asks from where it was, and is given what came since', async () => {
  const { size } = await found('&maxresults=1');
  await instance.ask('GET', '/keys/followed?api-version=7.6', { token: userToken });
  const { value, size: now } = await found(`&order=oldest&from=${size}&operation=KeyGet`);
  assert.deepEqual(
    value.map(({ httpStatusCode }) => httpStatusCode),
    [404],
  );
  assert.deepEqual((await found(`&order=oldest&from=${now}&operation=KeyGet`)).value, []);
});

test('what is no filter is refused by name', async () => {
  for (const [query, message] of Object.entries({
    '&outcome=maybe': /outcome must be success, refused, failed or a status/,
    '&since=tomorrow': /since must be a time/,
    '&order=down': /order must be newest or oldest/,
    '&from=-1': /from must be the index of an entry/,
    '&maxresults=251': /maxresults must be a whole number from 1 to 250/,
    '&$skiptoken=YQ': /\$skiptoken must be the index of an entry/,
    '&text=': /text must have 1 to 250 characters/,
  })) {
    const { status, text } = await ask(query);
    assert.equal(status, 400, query);
    assert.match(text, message);
  }
});
