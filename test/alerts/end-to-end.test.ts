// The product as shipped, told where to tell: what happens at the machine arrives, signed, once, and is on record.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Webhook } from 'standardwebhooks';
import type { AlertTestRecord } from '../../src/cli/alert-test/kept-test.ts';
import type { OutletStatus } from '../../src/watcher/alerts/outlet-status.ts';
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
  /** Undefined: no test. */
  readonly test: boolean | undefined;
  readonly title: string;
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
      ) as { data: { Rule: string; Title: string; Test?: boolean; Alerts: { Id: string }[] } };
      const { Rule: rule, Title: title, Test, Alerts } = event.data;
      told.push({ rule, title, test: Test, ids: Alerts.map(({ Id }) => Id) });
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
    // One of the receivers is down, which the list says.
    assert.equal(code, words[0] === 'list' ? 1 : 0, stderr);
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
      JSON.stringify({
        alerts: {
          outlets: [
            { kind: 'webhook', name: 'hook', url, secretFile },
            // Nobody listens there.
            { kind: 'webhook', name: 'down', url: 'http://127.0.0.1:9/', secretFile, least: 'critical' },
          ],
          rules,
        },
      }),
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
    const { rules, outlets } = (await alerts('list')) as {
      rules: { rule: string; silentUntil?: string; outlets: string[] }[];
      outlets: OutletStatus[];
    };
    const [hook, down] = ['hook', 'down'].map((name) => outlets.find(({ outlet }) => outlet === name));
    assert.ok(hook !== undefined && hook.taken > 0 && hook.failing === undefined);
    assert.ok(down?.failing !== undefined && down.waiting > 0 && down.taken === 0);
    assert.match(down.failing.lastFailure.why, /^http:\/\/127\.0\.0\.1:9 cannot be reached/);
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

  test('a test is told as one, by the same ways, and is on record; a receiver that does not take it is named', async () => {
    const before = told.length;
    const ended = await runStrongroom('alerts', 'test', 'network-opened', '--json', '--data', product.data);
    const { rules, record } = JSON.parse(ended.stdout) as AlertTestRecord & { readonly record: string };
    assert.equal(ended.code, 1, ended.stderr);
    const [{ outcome, outlets, reason } = assert.fail()] = rules;
    assert.deepEqual(
      [outcome, outlets.map(({ outlet, taken }) => [outlet, taken])],
      [
        'not delivered',
        [
          ['hook', true],
          ['down', false],
        ],
      ],
    );
    assert.match(reason ?? '', /^down: .*http:\/\/127\.0\.0\.1:9 .*It is given up\.$/);
    const tests = told.slice(before).filter(({ test }) => test);
    assert.ok(tests.length > 0);
    for (const { rule, title } of tests)
      assert.deepEqual([rule, title], ['network-opened', 'TEST: The network was opened']);
    const hash = createHash('sha256')
      .update(await readFile(record))
      .digest('hex');
    const onRecord = async () =>
      (
        await runStrongroom(
          'audit',
          'show',
          '--management',
          '--operation',
          'AlertsTested',
          '--json',
          '--data',
          product.data,
        )
      ).stdout;
    while (!(await onRecord()).includes(hash));
    assert.ok(
      told.slice(before).every(({ rule, test }) => rule === 'network-opened' && test === true),
      'it is no alert',
    );
  });
});
