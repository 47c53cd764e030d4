// The indexer beside a product that serves: started when somebody asks, it brings the log into its index while requests go on, whatever
// becomes of it in between and whoever else writes to the same file.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, watch } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { places } from '../../src/deployment/data-layout.ts';
import {
  type IndexFile,
  type IndexPlace,
  indexPlace,
  isLong,
  openIndexFile,
} from '../../src/features/audit/index/index-file.ts';
import { readUsage, type Usage } from '../../src/features/audit/index/usage.ts';
import { openEntries } from '../../src/features/audit/read-entries.ts';
import { TILE_WIDTH } from '../../src/formats/tlog-tiles.ts';
import { openAuditLog } from '../../src/links/recorder/open-audit-log.ts';
import { signCheckpoint } from '../../src/recorder/recorder.fixture.ts';
import { startRecorder } from '../../src/recorder/start-recorder.ts';
import { IndexerProcess } from '../../src/supervisor/indexer-process.ts';
import { dataPlaneToken, instanceClient } from '../support/instance-client.ts';
import { runStrongroom } from '../support/run-strongroom.ts';
import { type RunningProduct, startProduct } from '../support/running-product.ts';

const COUNT = 20_480;
const at = places(realpathSync(mkdtempSync(join(tmpdir(), 'indexer-'))));
const { audit: folder } = at.instance('dev');
const origin = 'strongroom/c0ffee00-0000-4000-8000-000000000000';

async function record(first: number, count: number): Promise<void> {
  const socketPath = join(at.root, 'recorder.sock');
  await using _recorder = await startRecorder({ folder, socketPath, origin, report: () => undefined });
  await using log = await openAuditLog({ socketPath, signCheckpoint });
  const entries = Array.from({ length: count }, (_, i) => ({
    time: new Date(1.79e12 + (first + i) * 1000).toISOString(),
    operationName: (first + i) % 1000 === 7 ? 'KeyPurge' : 'KeySign',
    resultType: 'Success',
    httpStatusCode: 200,
    scope: `/keys/key-${(first + i) % 5}`,
    correlationId: crypto.randomUUID(),
  }));
  for (let from = 0; from < count; from += 1000) {
    await Promise.all(entries.slice(from, from + 1000).map((each) => log.append(JSON.stringify(each))));
  }
}

/** Resolves when this holds of how many entries the index of a log has. */
async function until(place: () => IndexPlace, indexes: string, holds: (entries: number) => boolean): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const look = (): void => {
    let index: IndexFile | undefined;
    try {
      index = openIndexFile(place(), true);
      if (holds(index.entries())) resolve();
    } catch {
      // There is none yet, or it is being written: it is looked at again.
    } finally {
      index?.[Symbol.dispose]();
    }
  };
  const watching = watch(indexes, look);
  look();
  await promise;
  watching.close();
}

const untilIndexed = (holds: (entries: number) => boolean): Promise<void> =>
  until(() => indexPlace(at.index, folder), at.index, holds);
const sums = ({ entries, uses }: Usage): object => ({
  entries,
  uses: Object.fromEntries(
    uses.map(({ facets, count, first, last }) => [JSON.stringify(facets), { count, first, last }]),
  ),
});

before(() => {
  for (const each of [at.index, join(folder, '..'), at.management.audit, join(at.root, 'logs')])
    mkdirSync(each, { recursive: true, mode: 0o700 });
  return record(0, COUNT);
});
after(() => rmSync(at.root, { recursive: true, force: true }));

test('an indexer that is killed in the middle goes on, while the log grows and a command writes to the same index', async () => {
  const reports: string[] = [];
  await using indexer: IndexerProcess = new IndexerProcess({
    places: at,
    logs: join(at.root, 'logs'),
    names: () => ['dev'],
    report: (text) => void reports.push(text),
    changed: () => indexer.update(),
  });
  assert.equal(indexer.pid, undefined, 'nobody has asked');
  indexer.want();
  let killed = 0;
  await untilIndexed((entries) => {
    const { pid } = indexer;
    if (killed === 0 && pid !== undefined && entries > 0) {
      killed = pid;
      process.kill(pid, 'SIGKILL');
    }
    return killed !== 0;
  });
  const more = 10 * TILE_WIDTH;
  const [{ code, stdout }] = await Promise.all([
    runStrongroom('audit', 'search', '--operation', 'KeyPurge', '--json', '--data', at.root),
    record(COUNT, more),
    untilIndexed((entries) => entries === COUNT + more),
  ]);
  assert.equal(code, 0);
  const purges = stdout
    .trim()
    .split('\n')
    .map((line) => (JSON.parse(line) as { index: number }).index);
  const last = purges[0] ?? 0;
  assert.deepEqual(
    purges,
    Array.from({ length: Math.floor(last / 1000) + 1 }, (_, i) => last - 1000 * i),
  );
  assert.ok(last >= COUNT - 1000);
  assert.notEqual(indexer.pid, killed);
  assert.ok(
    reports.some((text) => /^indexer was ended by SIGKILL/.test(text)),
    reports.join(),
  );
  using index = openIndexFile(indexPlace(at.index, folder), true);
  assert.equal(openEntries(folder).size, COUNT + more);
  assert.deepEqual(sums(await readUsage(folder, index)), sums(await readUsage(folder, undefined)));
});

test('it ends when nobody has asked for ten minutes, and comes back for who asks then', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  let changes = 0;
  let heard = Promise.withResolvers<void>();
  await using indexer: IndexerProcess = new IndexerProcess({
    places: at,
    logs: join(at.root, 'logs'),
    names: () => [],
    report: assert.fail,
    changed() {
      changes += 1;
      indexer.update();
      heard.resolve();
      heard = Promise.withResolvers();
    },
  });
  /** That it is wanted, and that it is ready or has ended. */
  const changed = async (times: number): Promise<void> => {
    while (changes < times) await heard.promise;
  };
  indexer.want();
  await changed(2);
  t.mock.timers.tick(9 * 60_000);
  indexer.want();
  t.mock.timers.tick(9 * 60_000);
  const { pid } = indexer;
  assert.ok(pid !== undefined);
  t.mock.timers.tick(60_000);
  await changed(3);
  assert.equal(indexer.pid, undefined);
  indexer.want();
  await changed(5);
  assert.ok(indexer.pid !== undefined && indexer.pid !== pid);
});

test('a product has none until somebody asks of a long log; it keeps up while requests go on, and runs from the start where keys are guarded', async () => {
  const data = join(at.root, 'product');
  const here = places(data);
  const log = here.instance('dev').audit;
  const client = async (product: RunningProduct) =>
    instanceClient(product, await dataPlaneToken(product, await product.environment()));
  {
    await using product = await startProduct({ data, first: false });
    using asking = await client(product);
    const fill = async (isEnough: () => boolean): Promise<void> => {
      while (!isEnough()) {
        const answers = await Promise.all(Array.from({ length: 256 }, () => asking.ask('GET', '/settings')));
        for (const { status, text } of answers) assert.equal(status, 200, text);
      }
    };
    const view = async (): Promise<unknown> => {
      const { status, json, text } = await asking.ask('GET', '/strongroom/v1/usage?view=keys');
      assert.equal(status, 200, text);
      return json['rows'];
    };
    await view();
    await fill(() => isLong(log));
    assert.equal(product.state.pids.indexer, null);
    const told = await view();
    let isCaughtUp = false;
    const wanted = openEntries(log).size + 2 * TILE_WIDTH;
    const catchingUp = untilThere(here.index)
      .then(() =>
        until(
          () => indexPlace(here.index, log),
          here.index,
          (entries) => entries >= wanted,
        ),
      )
      .then(() => {
        isCaughtUp = true;
      });
    await Promise.all([catchingUp, fill(() => isCaughtUp), product.until(({ pids }) => pids.indexer !== null)]);
    assert.deepEqual(await view(), told);
    const body = { value: 'warn' };
    assert.equal((await asking.ask('PATCH', '/settings/StrongroomRetirementGuard', body)).status, 200);
    assert.equal(await product.stop(), 0);
  }
  await using product = await startProduct({ data, demo: false });
  await product.until(({ pids }) => pids.indexer !== null);
  assert.equal(await product.stop(), 0);
});

async function untilThere(folder: string): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const watching = watch(join(folder, '..'), () => {
    if (existsSync(folder)) resolve();
  });
  if (existsSync(folder)) resolve();
  await promise;
  watching.close();
}
