// Network rules over real connections: judged before the token, for every request, also of connections that are open.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';
import { after, before, test } from 'node:test';
import { type NetworkRules, OPEN_NETWORK } from '../../src/formats/network-rules.ts';
import { readEntries } from '../support/audit-entries.ts';
import { type RunningInstance, startRunningInstance } from '../support/running-instance.ts';

let instance: RunningInstance;
before(async () => {
  instance = await startRunningInstance();
  await instance.activate();
});
after(() => instance[Symbol.asyncDispose]());

const closed = (...ipRules: string[]): NetworkRules => ({
  ...OPEN_NETWORK,
  networkAcls: { bypass: 'None', defaultAction: 'Deny', ipRules },
});

test('who is not named is refused as the service does, whatever token is shown, and the log has the address', async () => {
  const token = await instance.adminToken();
  await instance.service.update({ network: closed('203.0.113.0/24') });
  for (const shown of [token, undefined, 'none']) {
    const reply = await instance.ask('GET', '/keys?api-version=7.6', { token: shown });
    assert.equal(reply.status, 403);
    assert.equal(reply.headers['www-authenticate'], undefined);
    const { error } = reply.json as { error: { code: string; innererror: unknown; message: string } };
    assert.equal(error.code, 'Forbidden');
    assert.deepEqual(error.innererror, { code: 'ForbiddenByFirewall' });
    assert.match(
      error.message,
      /^Client address \(127\.0\.0\.1\) is not authorized and caller is not a trusted service\./,
    );
  }
  await instance.service.update({ network: closed('127.0.0.1') });
  assert.equal((await instance.ask('GET', '/settings?api-version=7.6', { token })).status, 200);
  const entries = readEntries(instance);
  const refused = entries.filter(({ resultDescription }) =>
    String(resultDescription).startsWith('ForbiddenByFirewall'),
  );
  assert.equal(refused.length, 3);
  assert.ok(
    refused.every(({ callerIpAddress, decision }) => callerIpAddress === '127.0.0.1' && decision === 'unauthenticated'),
  );
  await instance.service.update({ network: OPEN_NETWORK });
});

test('a change holds for the next request of an open connection', async () => {
  const token = await instance.adminToken();
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  let reused = 0;
  const ask = async (): Promise<number | undefined> => {
    const sent = request({
      host: '127.0.0.1',
      port: instance.port,
      path: '/settings?api-version=7.6',
      ca: instance.ca,
      agent,
      servername: 'test.managedhsm.azure.net',
      headers: { host: 'test.managedhsm.azure.net', authorization: `Bearer ${token}` },
    }).end();
    const [response] = (await once(sent, 'response')) as [IncomingMessage];
    if (sent.reusedSocket) reused += 1;
    await once(response.resume(), 'end');
    return response.statusCode;
  };
  assert.equal(await ask(), 200);
  await instance.service.update({ network: { ...OPEN_NETWORK, publicNetworkAccess: 'Disabled' } });
  assert.equal(await ask(), 403);
  await instance.service.update({ network: OPEN_NETWORK });
  assert.equal(await ask(), 200);
  // Once: whom the rules keep out keeps no connection either.
  assert.equal(reused, 1);
  agent.destroy();
});

test('what a client says of its own address counts for nothing', async () => {
  await instance.service.update({ network: closed('203.0.113.7') });
  const spoofed = ['X-Forwarded-For', 'X-Real-IP', 'Forwarded', 'X-Client-IP', 'X-Azure-ClientIP', 'True-Client-IP'];
  for (const name of spoofed) {
    const value = name === 'Forwarded' ? 'for=203.0.113.7' : '203.0.113.7';
    const reply = await instance.ask('GET', '/keys?api-version=7.6', { headers: { [name]: value } });
    assert.equal(reply.status, 403, name);
  }
  await instance.service.update({ network: OPEN_NETWORK });
});

test('rules that were changed while nothing ran are in the log before anybody is judged by them', async () => {
  const told = (): readonly unknown[] =>
    readEntries(instance)
      .filter(({ operationName }) => operationName === 'NetworkRulesInForce')
      .map(({ resultDescription }) => resultDescription);
  const open = 'Network rules at this start: public access Enabled, default Allow, ranges let in: none.';
  assert.deepEqual(told(), [open]);
  await instance.stop();
  await instance.configure({ network: closed('203.0.113.7/32') });
  await instance.start();
  await using _ = await instance.startWorker();
  const now = 'Network rules at this start: public access Enabled, default Deny, ranges let in: 203.0.113.7/32.';
  assert.deepEqual(told(), [open, now], 'once for all workers');
  assert.equal((await instance.ask('GET', '/keys?api-version=7.6')).status, 403);
  const entries = readEntries(instance);
  assert.ok(
    entries.findIndex(({ resultDescription }) => resultDescription === now) <
      entries.findLastIndex(({ httpStatusCode }) => httpStatusCode === 403),
  );
  await instance.service.update({ network: OPEN_NETWORK });
});

test('strangers are throttled by address, told when to come again, and take little of the log; callers are not', async () => {
  const token = await instance.adminToken();
  const before = readEntries(instance).length;
  const start = performance.now();
  const statuses = new Map<number, number>();
  let retryAfter: unknown;
  // However slow the machine is, this is faster than the share fills again.
  for (let round = 0; round < 400 && (statuses.get(429) ?? 0) <= 100; round++) {
    const replies = await Promise.all(Array.from({ length: 40 }, () => instance.ask('GET', '/keys?api-version=7.6')));
    for (const { status, headers } of replies) {
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
      if (status === 429) retryAfter = headers['retry-after'];
    }
  }
  assert.deepEqual(
    [...statuses.keys()].sort((left, right) => left - right),
    [401, 429],
  );
  assert.equal(retryAfter, '1');
  const throttled = readEntries(instance)
    .slice(before)
    .filter(({ httpStatusCode }) => httpStatusCode === 429);
  const spans = 1 + (performance.now() - start) / 10_000;
  assert.ok(throttled.length >= 1 && throttled.length <= spans, `${throttled.length} entries in ${spans} spans`);
  assert.ok((statuses.get(429) ?? 0) > 100, `${statuses.get(429)} were throttled`);
  // The same address with a token that verifies goes on.
  assert.equal((await instance.ask('GET', '/settings?api-version=7.6', { token })).status, 200);
});
