// Further names of instances, as their users live with them: the product as processes, the command line, requests over TLS.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { connect } from 'node:tls';
import { exchange, type Reply } from '../../src/cli/https-exchange.ts';
import { devToken } from '../../src/cli/tokens.ts';
import { provisionInstance } from '../support/provision-instance.ts';
import { runStrongroom } from '../support/run-strongroom.ts';
import { type RunningProduct, startProduct } from '../support/running-product.ts';

const AZURE = '.managedhsm.azure.net';

describe('an alias', () => {
  let folder: string;
  let product: RunningProduct;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'strongroom-aliases-'));
    product = await startProduct({ data: join(folder, 'data') });
  });
  after(async () => {
    await product[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  const alias = (...words: string[]) => runStrongroom('alias', ...words, '--data', product.data);
  const route = (port = product.state.port) => ({ ca: [product.ca], port });
  const ask = async (host: string, path: string, method = 'GET', body?: object, port?: number): Promise<Reply> => {
    const token = await devToken(product.data, route(), 'instances');
    return exchange(route(port), {
      method,
      url: `https://${host}${path}?api-version=7.5`,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  };
  const kidOf = (reply: Reply): string => {
    assert.equal(reply.status, 200, reply.text);
    return (JSON.parse(reply.text) as { key: { kid: string } }).key.kid;
  };

  test('gives an instance one more name: in its certificate, its challenge and its key identifiers', async () => {
    await assert.rejects(ask(`payments${AZURE}`, '/keys/k'), /certificate|altnames/i, 'nobody answers there yet');
    const { pids } = product.state;
    const { code, stdout } = await alias('set', 'payments', '--hsm-name', 'dev');
    assert.equal(code, 0);
    assert.deepEqual(product.state.pids, pids, 'nothing is started anew');
    assert.equal(stdout, "'dev' answers at https://payments.managedhsm.azure.net\n");
    const made = kidOf(await ask(`payments${AZURE}`, '/keys/aliased/create', 'POST', { kty: 'EC-HSM', crv: 'P-256' }));
    assert.match(made, /^https:\/\/payments\.managedhsm\.azure\.net\/keys\/aliased\/[0-9a-f]{32}$/);
    const own = kidOf(await ask(`dev${AZURE}`, '/keys/aliased'));
    assert.equal(own, made.replace('payments', 'dev'), 'the same version under its own name');
    const local = `payments.managedhsm.localhost:${product.state.port}`;
    assert.equal(kidOf(await ask(local, '/keys/aliased')), made.replace(`payments${AZURE}`, local));
    const challenged = await exchange(route(), {
      method: 'GET',
      url: `https://payments${AZURE}/keys?api-version=7.5`,
      headers: {},
    });
    assert.equal(challenged.status, 401);
    assert.match(String(challenged.headers['www-authenticate']), /resource="https:\/\/managedhsm\.azure\.net"/);
  });

  test('is shown by list and status', async () => {
    const listed = await alias('list', '--json');
    const [row, ...more] = JSON.parse(listed.stdout) as { alias: string; instance: string; serves: boolean }[];
    assert.deepEqual([row?.alias, row?.instance, row?.serves, more.length], ['payments', 'dev', true, 0]);
    const status = await runStrongroom('status', '--data', product.data);
    assert.match(status.stdout, /also as payments\n/);
  });

  test('that cannot be one, or leads nowhere, is refused', async () => {
    for (const [words, code, message] of [
      [['set', 'dev', '--hsm-name', 'dev'], 1, /'dev' is the name of the instance 'dev' itself\n/],
      [['set', 'other', '--hsm-name', 'nosuch'], 1, /there is no instance 'nosuch'; there is dev/],
      [['set', 'Other', '--hsm-name', 'dev'], 2, /'Other' cannot be an alias: 3 to 24 lower-case/],
      [['set', '__proto__', '--hsm-name', 'dev'], 2, /cannot be an alias/],
      [['set', 'a.b', '--hsm-name', 'dev'], 2, /cannot be an alias/],
      [['set', '--hsm-name', 'dev'], 2, /name one alias/],
      [['set', 'other'], 2, /--hsm-name is missing/],
      [['remove', 'nosuch'], 1, /there is no alias 'nosuch'/],
    ] as const) {
      const ended = await alias(...words);
      assert.equal(ended.code, code, ended.stderr);
      assert.match(ended.stderr, message);
    }
  });

  test('is no name for a new instance, and moves to another one only when that is meant', async () => {
    await assert.rejects(provisionInstance(product, 'payments'), /Failed|AlreadyExists/);
    await provisionInstance(product, 'west');
    const taken = await alias('set', 'dev', '--hsm-name', 'west');
    assert.equal(taken.code, 1);
    assert.match(
      taken.stderr,
      /'dev' is the name of the instance 'dev' itself\. If 'west' has taken its place .*purge 'dev'/,
    );
    const refused = await alias('set', 'payments', '--hsm-name', 'west');
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /'dev' serves under 'payments' now; add --move/);
    const moved = await alias('set', 'payments', '--hsm-name', 'west', '--move');
    assert.equal(moved.code, 0, moved.stderr);
    assert.match(moved.stdout, /^'west' answers at .*, and 'dev' no longer does\n$/);
    const answer = await ask(`payments${AZURE}`, '/keys/aliased');
    assert.equal(answer.status, 403, 'another instance, which is not activated');
    assert.match(answer.text, /not activated/);
    assert.equal((await ask(`dev${AZURE}`, '/keys/aliased')).status, 200);
  });

  test('leaves nothing with the instance that lost it: neither certificate nor answer', async () => {
    const { port } = product.state.instances['dev'] ?? { port: 0 };
    assert.equal((await namesInCertificate(port, `dev${AZURE}`)).includes('payments'), false);
    const { port: west } = product.state.instances['west'] ?? { port: 0 };
    assert.equal((await namesInCertificate(west, `payments${AZURE}`)).includes(`DNS:payments${AZURE}`), true);
  });

  test('outlives a restart, and can be moved while nothing runs', async () => {
    await product.stop();
    const moved = await alias('set', 'payments', '--hsm-name', 'dev');
    assert.match(moved.stdout, /^'dev' will answer, once it runs, at https:\/\/payments/);
    product = await startProduct({ data: join(folder, 'data') });
    assert.match(kidOf(await ask(`payments${AZURE}`, '/keys/aliased')), /^https:\/\/payments\./);
  });

  test('a file that cannot be used changes nothing while it runs, and stops a start', async () => {
    const path = join(product.data, 'aliases.json');
    const good = readFileSync(path, 'utf8');
    const { pids } = product.state;
    writeFileSync(path, good.replace('"payments"', '"PAYMENTS"'));
    while (!product.output.includes('aliases.json cannot be used'))
      await new Promise((resolve) => setTimeout(resolve, 20));
    assert.equal((await ask(`payments${AZURE}`, '/keys/aliased')).status, 200);
    assert.deepEqual(product.state.pids.instances['dev'], pids.instances['dev']);
    const listed = await alias('list');
    assert.equal(listed.code, 1);
    assert.match(listed.stderr, /aliases\.json cannot be used .*: correct it, or remove it/);
    await product.stop();
    await assert.rejects(startProduct({ data: join(folder, 'data') }), /aliases\.json cannot be used/);
    writeFileSync(path, good);
    product = await startProduct({ data: join(folder, 'data') });
  });

  test('that is removed is gone at once', async () => {
    const removed = await alias('remove', 'payments');
    assert.equal(removed.code, 0);
    await assert.rejects(ask(`payments${AZURE}`, '/keys/aliased'), /certificate|altnames/i);
    assert.equal((await alias('list')).stdout, 'no aliases\n');
  });

  async function namesInCertificate(port: number, servername: string): Promise<string> {
    const socket = connect({ host: '127.0.0.1', port, servername, rejectUnauthorized: false });
    await new Promise((resolve, reject) => socket.once('secureConnect', resolve).once('error', reject));
    const { subjectaltname = '' } = socket.getPeerCertificate();
    socket.destroy();
    return subjectaltname;
  }
});
