// Whatever is sent to whichever operation: the answer is one that the service gives, in its own shape, and the service
// goes on. The operations are those of the product's own rows, so that a new one is tried as soon as it exists.
import assert from 'node:assert/strict';
import { Agent, request } from 'node:https';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import { errorCodes } from '../../src/http/service-error.ts';
import { readAuditLog } from '../fault/audit-log.ts';
import { dataPlaneToken, instanceClient } from '../support/instance-client.ts';
import { isAlive } from '../support/process-tree.ts';
import { type RunningProduct, startProduct } from '../support/running-product.ts';
import { type GarbageRequest, garbageFor, type Known, MARKER } from './generators.ts';
import { rowTables } from './row-tables.ts';

const RUNS = Number(process.env['STRONGROOM_GARBAGE_RUNS'] ?? 60);
const rows = await rowTables();

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

describe('generated garbage', () => {
  let product: RunningProduct;
  let token: string;
  let known: Known;
  let pids: readonly number[];
  const agent = new Agent({ keepAlive: true, maxSockets: 4 });

  before(async () => {
    product = await startProduct();
    token = await dataPlaneToken(product, await product.environment());
    using client = instanceClient(product, token);
    const versions: string[] = [];
    for (const [name, body] of Object.entries({
      'garbage-oct': { kty: 'oct-HSM', key_size: 256 },
      'garbage-ec': { kty: 'EC-HSM' },
      'garbage-rsa': { kty: 'RSA-HSM' },
    })) {
      const made = await client.ask('POST', `/keys/${name}/create`, body);
      assert.equal(made.status, 200, made.text);
      versions.push(new URL((made.json['key'] as { kid: string }).kid).pathname.split('/')[3] ?? '');
    }
    const definitions = await client.ask('GET', '/providers/Microsoft.Authorization/roleDefinitions');
    const guids = (definitions.json['value'] as { name: string }[]).map(({ name }) => name);
    known = { names: ['garbage-oct', 'garbage-ec', 'garbage-rsa'], versions, guids };
    pids = product.pids;
  });
  after(async () => {
    agent.destroy();
    await product[Symbol.asyncDispose]();
  });

  function send({ method, path, headers, authorization, body }: GarbageRequest): Promise<Answer> {
    const { port } = product.state.instances['dev'] ?? {};
    const credentials = {
      good: { authorization: `Bearer ${token}` },
      bad: { authorization: `Bearer ${token}x` },
      absent: {},
    }[authorization];
    return new Promise((resolve, reject) => {
      const sent = request(
        {
          ...{ host: '127.0.0.1', port, servername: 'dev.managedhsm.azure.net', ca: product.ca, agent, method, path },
          headers: {
            ...headers,
            ...credentials,
            host: 'dev.managedhsm.azure.net',
            ...(body === undefined ? {} : { 'content-length': body.length }),
          },
        },
        (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('error', reject);
          response.on('end', () => {
            const text = Buffer.concat(chunks).toString('utf8');
            resolve({ status: response.statusCode ?? 0, headers: response.headers, text });
          });
        },
      );
      sent.on('error', reject);
      sent.end(body);
    });
  }

  test('there are rows to try', () => assert.ok(rows.length >= 40, `only ${rows.length} rows were found`));

  for (const row of rows) {
    test(`to ${row.method} ${row.path}`, async () => {
      await fc.assert(
        fc.asyncProperty(garbageFor(row, known), async (garbage) => {
          const answer = await send(garbage);
          const shown = `${answer.status} ${answer.text.slice(0, 300)}`;
          assert.ok(answer.status < 500, shown);
          if (answer.status === 401)
            assert.match(String(answer.headers['www-authenticate']), /^Bearer authorization="/);
          else if (answer.status >= 400 && garbage.method !== 'HEAD') checkErrorShape(answer);
          assert.notEqual(answer.headers['x-ms-request-id'], undefined, shown);
        }),
        { numRuns: RUNS },
      );
    });
  }

  test('the service goes on, with the processes that it had', async () => {
    using client = instanceClient(product, token);
    const sealed = await client.ask('POST', `/keys/demo-kek/wrapkey`, { alg: 'RSA-OAEP-256', value: 'AAAA' });
    assert.equal(sealed.status, 200, sealed.text);
    assert.deepEqual(
      pids.filter((pid) => !isAlive(pid)),
      [],
    );
  });

  test('nothing secret is in a log, and nothing failed without the client being told', async () => {
    await product.stop();
    const { output } = product;
    assert.doesNotMatch(output, /"failure"/);
    const recorded = JSON.stringify(readAuditLog(product.data));
    for (const [where, text] of Object.entries({ output, recorded })) {
      assert.ok(!text.includes(MARKER), `${where}: what was to be protected`);
      assert.ok(!text.includes(token), `${where}: a token`);
      assert.ok(!text.includes(token.slice(token.lastIndexOf('.'))), `${where}: the signature of a token`);
    }
  });
});

function checkErrorShape({ status, headers, text }: Answer): void {
  assert.equal(headers['content-type'], 'application/json; charset=utf-8');
  const { error } = JSON.parse(text) as { error: { code: keyof typeof errorCodes; message: string } };
  assert.equal(errorCodes[error.code], status, text);
  assert.ok(error.message.endsWith(` (Activity ID: ${String(headers['x-ms-request-id'])})`), text);
}
