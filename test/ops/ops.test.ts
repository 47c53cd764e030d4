// What is in `ops/`, and the page of metrics, against a running product: they name the metrics and labels that there are, and all of them;
// and a Prometheus of others reads the product, and its rules fire.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { metricTable } from '../../src/formats/metric-table.ts';
import { call } from '../../src/http/outbound.ts';
import { freePort } from '../support/free-port.ts';
import { type MetricsText, readMetrics, sumOf } from '../support/metrics-text.ts';
import { runStrongroom } from '../support/run-strongroom.ts';
import { CHECKOUT, type RunningProduct, startProduct } from '../support/running-product.ts';
import { skipUnless } from '../system-programs.ts';

const run = promisify(execFile);
const RULES = join(CHECKOUT, 'ops/prometheus/strongroom.rules.yml');
const BOARD = join(CHECKOUT, 'ops/grafana/strongroom.json');

let folder: string;
let product: RunningProduct;
let address: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'strongroom-ops-'));
  const config = join(folder, 'dev.json');
  const secretFile = join(folder, 'secret');
  await writeFile(secretFile, `whsec_${Buffer.alloc(32, 7).toString('base64')}\n`, { mode: 0o600 });
  await writeFile(
    config,
    JSON.stringify({
      health: { port: 0 },
      sinks: [{ name: 'file', kind: 'file', path: join(folder, 'sent.jsonl') }],
      // Nobody listens there.
      alerts: { outlets: [{ name: 'down', kind: 'webhook', url: 'http://127.0.0.1:9/', secretFile }] },
    }),
  );
  product = await startProduct({ config });
  ({ health: address = '' } = product.state);
  // Somebody has asked for something: keys of a token's issuer are read then, and requests counted.
  assert.equal((await runStrongroom('clock', 'show', '--data', product.data)).code, 0);
});
after(async () => {
  await product[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

async function scrape(): Promise<MetricsText> {
  const response = await fetch(`${address}/metrics`);
  assert.equal(response.status, 200);
  assert.equal(response.headers.get('content-type'), 'text/plain; version=0.0.4; charset=utf-8');
  return readMetrics(await response.text());
}

/** What a development machine has none of, and why. */
const NOT_THERE: Readonly<Record<string, string>> = {
  strongroom_token_key_expiry_timestamp_seconds: 'keys of the development issuer have no certificates',
  strongroom_witness_signed_timestamp_seconds: 'no witness is configured',
  strongroom_backup_last_success_timestamp_seconds: 'the demonstration makes no full backup',
};

const names = Object.keys(metricTable);

test('a running product tells every metric of the table with its labels, and no other', async () => {
  const { types, samples } = await scrape();
  const told = names.filter((name) => !(name in NOT_THERE));
  assert.deepEqual([...types.keys()].sort(), told.sort());
  for (const [name, type] of types) assert.equal(type, metricTable[name as keyof typeof metricTable].type, name);
  for (const { name, labels } of samples) {
    const row = rowOf(name);
    const own = Object.keys(row.labels ?? {});
    const more = new Set([...own, 'hsm', ...(row.type === 'histogram' ? ['le'] : [])]);
    assert.deepEqual(
      Object.keys(labels).filter((label) => !more.has(label)),
      [],
      name,
    );
    for (const label of own) assert.ok(label in labels, `${label} of ${name}`);
  }
  assert.equal(sumOf({ types, samples }, 'strongroom_instance_up', { hsm: 'dev' }), 1);
  assert.equal(sumOf({ types, samples }, 'strongroom_worker_up'), product.state.pids.instances['dev']?.service.length);
});

/** Of a metric, or of one of the series that a histogram is. */
function rowOf(series: string): (typeof metricTable)[keyof typeof metricTable] {
  const name = series in metricTable ? series : series.replace(/_(?:bucket|sum|count)$/, '');
  const row = metricTable[name as keyof typeof metricTable] as
    | (typeof metricTable)[keyof typeof metricTable]
    | undefined;
  assert.ok(row !== undefined, `${series} is no metric`);
  return row;
}

/** Metrics that an expression names, and the labels that it asks them for. */
function namedIn(expression: string): readonly (readonly [series: string, labels: readonly string[]])[] {
  return [...expression.matchAll(/(?<![\w:])(strongroom_[a-z_]+)(?![\w:])(?:\{([^}]*)\})?/g)].map(
    ([, series = '', selector = '']) => [
      series,
      [...selector.matchAll(/([a-z]+)\s*[=!]~?/g)].map(([, label = '']) => label),
    ],
  );
}

function checkExpression(expression: string): readonly string[] {
  return namedIn(expression).map(([series, labels]) => {
    const row = rowOf(series);
    const known = ['hsm', 'le', ...Object.keys(row.labels ?? {})];
    for (const label of labels) assert.ok(known.includes(label), `${series} has no label ${label}: ${expression}`);
    if (row.type === 'histogram') assert.match(series, /_(bucket|sum|count)$/, expression);
    return series.replace(/_(?:bucket|sum|count)$/, '');
  });
}

/** By `by (…)` or `on (…)`, of metrics that the expression names. */
function checkGroups(expression: string): void {
  const known = new Set([
    'hsm',
    'le',
    ...namedIn(expression).flatMap(([series]) => Object.keys(rowOf(series).labels ?? {})),
  ]);
  for (const [, group = ''] of expression.matchAll(/\b(?:by|on)\s*\(([^)]*)\)/g))
    for (const label of group.split(',').map((each) => each.trim()))
      assert.ok(known.has(label), `${label}: ${expression}`);
}

async function readBoard(): Promise<{ readonly shown: readonly string[]; readonly asked: readonly string[] }> {
  const board = JSON.parse(await readFile(BOARD, 'utf8')) as {
    readonly panels: readonly { readonly targets?: readonly { readonly expr: string }[] }[];
    readonly templating: { readonly list: readonly { readonly definition?: string }[] };
  };
  return {
    shown: board.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr)),
    asked: board.templating.list.flatMap(({ definition }) => definition ?? []),
  };
}

test('rules and dashboard name metrics and labels that there are, and each metric is in one of them', async () => {
  const rules = [...(await readFile(RULES, 'utf8')).matchAll(/^ +expr: (?:\|\n((?: {10}.*\n)+)|(.*)\n)/gm)].map(
    ([, block, line]) => block ?? line ?? '',
  );
  const { shown, asked } = await readBoard();
  assert.ok(rules.length > 25 && shown.length > 25);
  for (const each of [...rules, ...shown]) checkGroups(each);
  const used = new Set([...rules, ...shown, ...asked].flatMap(checkExpression));
  assert.deepEqual(
    names.filter((name) => !used.has(name)),
    [],
  );
});

test('the page has every metric with its type, labels and help, and what to do for every alert', async () => {
  const page = await readFile(join(CHECKOUT, 'docs/guide/metrics.md'), 'utf8');
  const rows = Object.entries(metricTable).map(([name, { type, labels = {}, help }]) => {
    const own = Object.keys(labels).map((label) => `\`${label}\``);
    return `| \`${name}\` | ${type} | ${own.join(', ')} | ${help} |`;
  });
  assert.deepEqual(
    page.split('\n').filter((line) => line.startsWith('| `strongroom_')),
    rows,
  );
  const anchors = new Set([...page.matchAll(/^### (\w+)$/gm)].map(([, title = '']) => title.toLowerCase()));
  const rules = await readFile(RULES, 'utf8');
  const alerts = [...rules.matchAll(/- alert: (\w+)/g)];
  const runbooks = [...rules.matchAll(/runbook: docs\/guide\/metrics\.md#(\w+)$/gm)].map(([, anchor = '']) => anchor);
  assert.equal(runbooks.length, alerts.length);
  assert.deepEqual(new Set(runbooks), anchors);
});

test('a worker that hangs is named, and nobody waits for it', async () => {
  const pid = product.state.pids.instances['dev']?.service[0] ?? 0;
  process.kill(pid, 'SIGSTOP');
  try {
    const metrics = await scrape();
    assert.deepEqual(
      metrics.samples.filter(({ name, value }) => name === 'strongroom_worker_up' && value === 0).length,
      1,
    );
  } finally {
    process.kill(pid, 'SIGCONT');
  }
  assert.equal(sumOf(await scrape(), 'strongroom_recorder_up'), 1);
});

test('promtool takes the rules, and their own tests pass', { skip: skipUnless('prometheus') }, async () => {
  await run('promtool', ['check', 'rules', RULES]);
  await run('promtool', ['test', 'rules', 'strongroom.rules.test.yml'], { cwd: join(CHECKOUT, 'ops/prometheus') });
  const { samples } = await scrape();
  assert.ok(samples.length > 100);
});

test('the text is one that promtool has nothing to say against', { skip: skipUnless('prometheus') }, async () => {
  const text = await (await fetch(`${address}/metrics`)).text();
  const checking = spawn('promtool', ['check', 'metrics'], { stdio: ['pipe', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [checking.stdout, checking.stderr]) stream.on('data', (chunk) => (said += String(chunk)));
  checking.stdin.end(text);
  const [code] = (await once(checking, 'close')) as [number];
  assert.deepEqual([code, said], [0, '']);
});

test('a real Prometheus reads the product, each panel has something to show, and a rule fires', {
  skip: skipUnless('prometheus'),
}, async () => {
  const port = await freePort();
  // The limits of the rules are for real life: here nobody waits for an hour.
  const impatient = (await readFile(RULES, 'utf8')).replace(/^ +for: .*\n/gm, '');
  await writeFile(join(folder, 'rules.yml'), impatient);
  const config = {
    global: { scrape_interval: '1s', evaluation_interval: '1s' },
    rule_files: [join(folder, 'rules.yml')],
    scrape_configs: [{ job_name: 'strongroom', static_configs: [{ targets: [new URL(address).host] }] }],
  };
  await writeFile(join(folder, 'prometheus.yml'), JSON.stringify(config));
  const prometheus = spawn(
    'prometheus',
    [
      ['--config.file', join(folder, 'prometheus.yml')],
      ['--storage.tsdb.path', join(folder, 'tsdb')],
      ['--web.listen-address', `127.0.0.1:${port}`],
    ].map(([name, value]) => `${name}=${value}`),
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let said = '';
  prometheus.stderr.on('data', (chunk) => (said += String(chunk)));
  const ended = once(prometheus, 'close');
  try {
    const api = async (path: string): Promise<unknown> => {
      const answer = await fetch(`http://127.0.0.1:${port}/api/v1/${path}`).catch(() => undefined);
      // While it starts it answers 503, and text.
      return answer?.ok === true ? ((await answer.json()) as { readonly data: unknown }).data : undefined;
    };
    const until = async (what: string, holds: () => Promise<boolean>): Promise<void> => {
      for (let tries = 0; !(await holds()); tries++) {
        assert.ok(tries < 600 && prometheus.exitCode === null, `${what}: ${said}`);
        await delay(100);
      }
    };
    await until('it reads the product', async () => {
      const data = (await api('query?query=strongroom_instance_up')) as
        | { readonly result: readonly unknown[] }
        | undefined;
      return data?.result.length === 1;
    });
    // Somebody without a token is refused.
    const { direct } = product.state.uris.instances['dev'] ?? {};
    await call({ url: new URL(`${direct}/keys?api-version=7.4`), ca: product.ca, withinMs: 60_000 }, 100_000);
    const { shown } = await readBoard();
    for (const panel of shown.filter((each) => !Object.keys(NOT_THERE).some((name) => each.includes(name)))) {
      const expression = panel.replaceAll('$hsm', '.*').replaceAll('$__rate_interval', '1h');
      // What is a rate needs two looks.
      await until(expression, async () => {
        const data = (await api(`query?query=${encodeURIComponent(expression)}`)) as
          | { readonly result: readonly unknown[] }
          | undefined;
        return data !== undefined && data.result.length > 0;
      });
    }
    // Nobody has backed the demonstration up.
    await until('a rule fires', async () => {
      const data = (await api('alerts')) as
        | { readonly alerts: readonly { readonly labels: Readonly<Record<string, string>>; readonly state: string }[] }
        | undefined;
      return (
        data?.alerts.some(
          ({ labels, state }) =>
            state === 'firing' && labels['alertname'] === 'StrongroomBackupOld' && labels['hsm'] === 'dev',
        ) === true
      );
    });
  } finally {
    prometheus.kill();
    await ended;
  }
});
