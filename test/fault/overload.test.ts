// Far more is asked than can be done: every request is answered or told to come again, other callers are served meanwhile, the
// instance says that it is well, and nothing dies.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { Agent, request } from 'node:https';
import { after, before, test } from 'node:test';
import { type RunningInstance, startRunningInstance } from '../support/running-instance.ts';

const CONNECTIONS = 300;

let instance: RunningInstance;
const tokens = new Map<string, string>();

before(async () => {
  instance = await startRunningInstance({ partitions: 2 });
  await instance.activate();
  for (const name of ['loud', 'quiet']) {
    const oid = randomUUID();
    await instance.assign('Managed HSM Crypto User', oid);
    tokens.set(name, await instance.issuer.token(oid));
  }
  const made = [
    ['rsa', { kty: 'RSA-HSM', key_size: 3072 }],
    ['aes', { kty: 'oct-HSM', key_size: 256 }],
  ] as const;
  for (const [name, body] of made) {
    const { status, text } = await instance.ask('POST', `/keys/${name}/create?api-version=7.6`, {
      token: tokens.get('quiet'),
      body,
    });
    assert.equal(status, 200, text);
  }
});
after(() => instance[Symbol.asyncDispose]());

/** One signature over a connection of its own. */
function sign(agent: Agent): Promise<{ readonly status: number; readonly retryAfter: string | undefined }> {
  const body = JSON.stringify({ alg: 'RS256', value: Buffer.alloc(32, 1).toString('base64url') });
  const host = instance.config.hostNames[0]?.authority ?? '';
  return new Promise((resolve, reject) => {
    const sent = request(
      {
        ...{ agent, host: '127.0.0.1', servername: host, port: instance.port, ca: instance.ca, method: 'POST' },
        path: '/keys/rsa/sign?api-version=7.6',
        headers: { host, authorization: `Bearer ${tokens.get('loud')}`, 'content-length': body.length },
      },
      (response) => {
        response.resume();
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, retryAfter: response.headers['retry-after'] }),
        );
        response.on('error', reject);
      },
    );
    sent.on('error', reject);
    sent.end(body);
  });
}

test('one principal asks for thousands of signatures at once: another is served meanwhile, and all get an answer', async () => {
  const modules = instance.service.modulePids;
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  let open = 0;
  const loud = Array.from({ length: 2 * CONNECTIONS }, async () => {
    open += 1;
    try {
      return await sign(agent);
    } finally {
      open -= 1;
    }
  });
  const meanwhile: number[] = [];
  do {
    if (meanwhile.length < 100) {
      const { status, text } = await instance.ask('GET', '/healthz');
      assert.deepEqual([status, text], [200, 'OK']);
    }
    const encrypted = await instance.ask('POST', '/keys/aes/encrypt?api-version=7.6', {
      token: tokens.get('quiet'),
      body: { alg: 'A256GCM', value: 'AAAA' },
    });
    meanwhile.push(encrypted.status);
  } while (open > 0);
  assert.deepEqual(
    meanwhile.filter((status) => status !== 200),
    [],
  );
  const answers = await Promise.all(loud);
  for (const { status, retryAfter } of answers) {
    if (status !== 200) assert.deepEqual([status, retryAfter], [429, '1']);
  }
  assert.ok(answers.some(({ status }) => status === 200));
  assert.deepEqual(instance.service.modulePids, modules, 'no partition died');
  agent.destroy();
});

test('who makes an RSA key has nothing else of weight at work meanwhile, where others ask', async () => {
  const ask = (who: string, path: string, body: object) =>
    instance.ask('POST', `${path}?api-version=7.6`, { token: tokens.get(who), body });
  // Whoever is alone may keep everything busy.
  assert.equal((await ask('quiet', '/keys/aes/encrypt', { alg: 'A256GCM', value: 'AAAA' })).status, 200);
  let isMaking = true;
  const making = ask('loud', '/keys/made/create', { kty: 'RSA-HSM', key_size: 2048 }).finally(() => {
    isMaking = false;
  });
  let beside = 0;
  for (const value = Buffer.alloc(32, 1).toString('base64url'); isMaking; ) {
    const { status } = await ask('loud', '/keys/rsa/sign', { alg: 'RS256', value });
    if (isMaking && status === 200) beside += 1;
  }
  assert.equal((await making).status, 200);
  assert.ok(beside <= 2, `${beside} signatures: more than those that may have overtaken it on the way`);
});
