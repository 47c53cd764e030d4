// What the production profile writes into an instance's configuration, by itself: the refused file seal, certificates of
// clients, limits.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeOperatorAuthority } from '../support/operator-authority.ts';
import { type RunningInstance, startRunningInstance } from '../support/running-instance.ts';

test('an instance that must not have the file seal is not activated under it, and does not serve with it', async () => {
  await using instance = await startRunningInstance();
  await instance.configure({ fileSeal: 'refused' });
  await instance.restart();
  const refused = await instance.activate();
  assert.equal(refused.status, 409, refused.text);
  assert.match(refused.text, /FileSealRefused.*strongroom seal change test --to passphrase/);
  await instance.stop();
  await writeConfig(instance, { fileSeal: undefined });
  await instance.start();
  assert.equal((await instance.activate()).status, 202);
  await instance.stop();
  await writeConfig(instance, { fileSeal: 'refused' });
  await assert.rejects(instance.start(), /under the file seal\. Exchange it: .*"file-seal" to "acknowledge"/);
  await writeConfig(instance, { fileSeal: undefined });
  await instance.start();
});

test('with authorities of clients, only who shows a certificate of theirs gets to speak', async () => {
  await using instance = await startRunningInstance();
  const authority = await makeOperatorAuthority();
  const clientAuthorities = join(instance.folder, 'clients.pem');
  await writeFile(clientAuthorities, authority.certificate);
  await instance.configure({ tls: { clientAuthorities } });
  await instance.restart();
  await assert.rejects(
    instance.ask('GET', '/keys?api-version=7.4'),
    /certificate required|ECONNRESET|socket hang up|alert/i,
  );
  const stranger = await (await makeOperatorAuthority()).issueClient('stranger');
  await assert.rejects(status(instance, stranger));
  assert.equal(await status(instance, await authority.issueClient('known')), 401, 'and is asked for a token then');
});

test('limits of the configuration hold', async () => {
  await using instance = await startRunningInstance();
  await instance.configure({
    limits: {
      strangers: { burst: 3, perSecond: 1 },
      principals: { burst: 4, perSecond: 1 },
      connectionsPerAddress: 100,
    },
  });
  await instance.restart();
  const token = await instance.adminToken();
  const statuses = async (own: { readonly token?: string }, burst: number): Promise<readonly number[]> => {
    const one = async (): Promise<number> => {
      const { status: each, headers } = await instance.ask('GET', '/securitydomain/download/pending', own);
      if (each === 429) assert.match(String(headers['retry-after']), /^\d+$/);
      return each;
    };
    const within: number[] = [];
    while (within.length < burst) within.push(await one());
    // At the steady rate it would take more than a minute until all of these are let through.
    const beyond = await Promise.all(Array.from({ length: 70 }, one));
    assert.ok(beyond.includes(429));
    return within;
  };
  assert.deepEqual(await statuses({}, 3), [401, 401, 401]);
  assert.deepEqual(await statuses({ token }, 4), [404, 404, 404, 404]);
});

async function writeConfig(instance: RunningInstance, edit: Readonly<Record<string, unknown>>): Promise<void> {
  await instance.configure(edit as Parameters<RunningInstance['configure']>[0]);
}

async function status(
  { port, ca }: RunningInstance,
  client: { readonly key: string; readonly certificate: string },
): Promise<number> {
  const host = 'test.managedhsm.azure.net';
  const sent = request({
    host: '127.0.0.1',
    port,
    ca,
    servername: host,
    headers: { host },
    path: '/keys?api-version=7.4',
    key: client.key,
    cert: client.certificate,
    agent: false,
  });
  sent.end();
  const [response] = (await once(sent, 'response')) as [{ statusCode?: number; resume(): void }];
  response.resume();
  return response.statusCode ?? 0;
}
