// The product as shipped, told where to tell: what happens at the machine arrives, signed, once, and is on record.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Webhook } from 'standardwebhooks';
import { runStrongroom } from '../support/run-strongroom.ts';
import { type RunningProduct, startProduct } from '../support/running-product.ts';

const SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
/** Over a figure that there is from the start: that of the watcher itself. */
const MEMORY = {
  kind: 'metric',
  severity: 'info',
  title: 'It has memory',
  text: 'Processes have.',
  runbook: 'https://wiki.example.com/memory',
  metric: 'strongroom_process_resident_memory_bytes',
  when: 'value > 0.0 && labels.process == "watcher"',
};

interface Told {
  readonly rule: string;
  readonly ids: readonly string[];
}

describe('alerts', () => {
  let folder: string;
  let product: RunningProduct;
  const told: Told[] = [];
  let more = Promise.withResolvers<void>();
  const server = createServer((request, response) => {
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => pieces.push(piece));
    request.on('end', () => {
      const event = new Webhook(SECRET).verify(
        Buffer.concat(pieces).toString(),
        request.headers as Record<string, string>,
      ) as { data: { Rule: string; Alerts: { Id: string }[] } };
      told.push({ rule: event.data.Rule, ids: event.data.Alerts.map(({ Id }) => Id) });
      response.writeHead(204).end();
      more.resolve();
      more = Promise.withResolvers();
    });
  });
  const until = async (holds: () => boolean): Promise<void> => {
    while (!holds()) await more.promise;
  };
  const alerts = async (...words: readonly string[]): Promise<unknown> => {
    const { code, stdout, stderr } = await runStrongroom('alerts', ...words, '--json', '--data', product.data);
    assert.equal(code, 0, stderr);
    return JSON.parse(stdout);
  };

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'alerts-'));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const secretFile = join(folder, 'secret');
    await writeFile(secretFile, `${SECRET}\n`, { mode: 0o600 });
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    const config = join(folder, 'config.json');
    const rules = join(folder, 'rules');
    await mkdir(rules);
    await writeFile(join(rules, 'memory.json'), JSON.stringify(MEMORY));
    await writeFile(
      config,
      JSON.stringify({ alerts: { outlets: [{ kind: 'webhook', name: 'hook', url, secretFile }], rules } }),
    );
    product = await startProduct({ config, first: true });
  });
  after(async () => {
    await product[Symbol.asyncDispose]();
    server.close();
    await rm(folder, { recursive: true });
  });

  test('what the first start does is told, each once, and each is on record as fired and delivered', async () => {
    await until(
      () => told.filter(({ rule }) => rule === 'administrator-granted').flatMap(({ ids }) => ids).length === 2,
    );
    await until(() => told.some(({ rule }) => rule === 'security-domain-downloaded'));
    await until(() => told.some(({ rule }) => rule === 'memory'));
    const ids = told.flatMap((each) => each.ids);
    assert.equal(new Set(ids).size, ids.length);
    assert.deepEqual(
      new Set(told.map(({ rule }) => rule)),
      new Set(['administrator-granted', 'security-domain-downloaded', 'memory']),
    );
  });

  test('a silence is told and listed, and all that was told is in the history', async () => {
    await alerts('silence', 'settings-changed', '--for', '2h', '--reason', 'a drill');
    await until(() => told.some(({ rule }) => rule === 'alert-silenced'));
    const { rules } = (await alerts('list')) as { rules: { rule: string; silentUntil?: string; outlets: string[] }[] };
    const silent = rules.find(({ rule }) => rule === 'settings-changed');
    assert.ok(Date.parse(silent?.silentUntil ?? '') > Date.now());
    assert.deepEqual(silent?.outlets, ['hook']);
    const { title } = (await alerts('show', 'key-purge-tried')) as { title: string };
    assert.equal(title, 'Somebody tried to purge a key');
    const history = (await alerts('history', '--last', '20')) as {
      what: string;
      detail: { alert?: string; alerts?: string[] };
    }[];
    const fired = history.flatMap(({ what, detail }) => (what === 'AlertFired' ? [detail.alert] : []));
    assert.equal(new Set(fired).size, fired.length);
    for (const id of told.flatMap((each) => each.ids)) assert.ok(fired.includes(id), id);
    assert.equal(history.filter(({ what }) => what === 'AlertSilenced').length, 1);
  });
});
