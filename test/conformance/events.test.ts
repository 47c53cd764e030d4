// Events from the product as shipped: a stock client makes a key, and the receiver is told, also after whoever tells it was killed.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { places } from '../../src/deployment/data-layout.ts';
import { verifyLog } from '../../src/tools/audit/verify/verify-log.ts';
import { filesBelow } from '../support/files-below.ts';
import { dataPlaneToken, instanceClient } from '../support/instance-client.ts';
import { runStrongroom } from '../support/run-strongroom.ts';
import { startProduct } from '../support/running-product.ts';
import { runIn } from './run-in.ts';

test('a key that is made is told, by the one process that speaks to others, which keeps no secret', async () => {
  const received: { readonly url: string; readonly event: Readonly<Record<string, unknown>> }[] = [];
  const receiver = createServer((request, response) => {
    let text = '';
    request.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
    request.on('end', () => {
      received.push({ url: request.url ?? '', event: JSON.parse(text) as (typeof received)[number]['event'] });
      response.writeHead(204).end();
    });
  });
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}`;
  const until = async (holds: () => boolean): Promise<void> => {
    for (const end = performance.now() + 90_000; !holds(); await delay(20)) assert.ok(performance.now() < end);
  };
  try {
    await using product = await startProduct();
    const at = places(product.data);
    const dev = at.instance('dev');
    const said = async (...words: readonly string[]): Promise<void> => {
      const { code, stderr } = await runStrongroom(...words, '--data', product.data);
      assert.equal(code, 0, stderr);
    };
    assert.equal(product.state.pids.watcher, null, 'there is nobody to be told');
    await said('instance', 'stop', 'dev');
    const config = JSON.parse(readFileSync(dev.config, 'utf8')) as object;
    writeFileSync(dev.config, JSON.stringify({ ...config, eventTargets: [{ origin }] }));
    await said('instance', 'start', 'dev');
    const { pids } = await product.until((state) => state.pids.watcher !== null);
    const environment = await product.environment();
    const owner = await dataPlaneToken(product, environment);
    const address = `${origin}/hook?code=s3cret`;
    {
      using admin = instanceClient(product, owner);
      const set = await admin.ask('PATCH', '/settings/StrongroomEventWebhook', { value: address });
      assert.equal(set.status, 200, set.text);
    }
    const create = async (name: string): Promise<string> => {
      const program = join(import.meta.dirname, 'clients/create-key.ts');
      const made = await runIn({ cwd: product.data, env: environment }, process.execPath, program, name);
      assert.equal(made.code, 0, made.stderr);
      return made.stdout.trim();
    };
    const id = await create('told');
    await until(() => received.length === 1);
    const [{ url, event } = { url: '', event: {} }] = received;
    assert.equal(url, '/hook?code=s3cret');
    assert.deepEqual([event['type'], event['subject']], ['Microsoft.KeyVault.KeyNewVersionCreated', 'told']);
    assert.equal((event['data'] as { readonly Id: string }).Id, id);
    const watcher = pids.watcher ?? 0;
    const delivered = (): number => readLog(product.data).filter((text) => text.includes('"EventDeliver"')).length;
    await until(() => delivered() === 1);

    // Whoever has a worker can write this file: it counts when the instance is started again, and not before.
    const more = [{ origin: 'https://elsewhere.example', caFile: '/' }];
    writeFileSync(dev.config, JSON.stringify({ ...config, eventTargets: more }));
    process.kill(watcher, 'SIGKILL');
    await create('told-too');
    const subjects = (): unknown[] => [
      ...new Map(received.map(({ event: each }) => [each['id'], each['subject']])).values(),
    ];
    await until(() => subjects().length === 2);
    assert.deepEqual(subjects(), ['told', 'told-too']);
    await until(() => delivered() >= 2);
    if (process.platform === 'linux') {
      const { pids: now } = product.state;
      assert.doesNotMatch(readFileSync(`/proc/${now.watcher}/cmdline`, 'utf8'), /s3cret|fs-read=\/\0/);
    }
    assert.doesNotMatch(product.output, /s3cret/);
    const holding = [...filesBelow(product.data)].filter(({ content }) => content.includes('s3cret'));
    assert.deepEqual(
      holding.map(({ path }) => path),
      [],
    );
    assert.equal(await product.stop(), 0);
    assert.equal(verifyLog({ folder: dev.audit }).damageCount, 0);
  } finally {
    receiver.closeAllConnections();
    await new Promise((resolve) => receiver.close(resolve));
  }
});

/** Its files as they are: entries are readable in journal and bundles alike. */
function readLog(data: string): readonly string[] {
  const entries = new Map<string, string>();
  for (const { content } of filesBelow(places(data).instance('dev').audit)) {
    for (const [text, id] of content
      .toString('latin1')
      .matchAll(/"operationName":"Event[A-Z].*?"correlationId":"(.*?)"/g)) {
      entries.set(id ?? '', text);
    }
  }
  return [...entries.values()];
}
