// The product sends its logs: that of an instance and the management plane's, to files, across starts.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { places } from '../../src/deployment/data-layout.ts';
import { readStatuses } from '../../src/watcher/sinks/sink-status.ts';
import { runStrongroom } from '../support/run-strongroom.ts';
import { startProduct } from '../support/running-product.ts';
import { assertWhole, linesOf, until, untilSent } from '../support/sink-scene.ts';

describe('logs that are sent to files', () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'strongroom-sinks-'));
  });
  after(() => rm(folder, { recursive: true }));

  async function configured(name: string, sinks: readonly object[]): Promise<string> {
    const path = join(folder, name);
    await writeFile(path, JSON.stringify({ sinks }));
    return path;
  }

  test('all that is there from the beginning, and what comes; a new sink has what comes; a removed one is forgotten', async () => {
    const data = join(folder, 'data');
    const at = places(data);
    const all = { name: 'all', kind: 'file', path: join(folder, 'all.jsonl'), from: 'beginning' };
    const first = { name: 'first', kind: 'file', path: join(folder, 'first.jsonl') };
    const later = { name: 'later', kind: 'file', path: join(folder, 'later.jsonl'), logs: ['dev'] };
    {
      await using product = await startProduct({
        data,
        config: await configured('one.json', [all, first]),
      });
      await untilSent(at, ['dev'], ['all', 'first']);
      const status = await runStrongroom('sinks', 'status', '--data', data);
      assert.equal(status.code, 0, status.stderr);
      assert.match(status.stdout, /^SINK +LOG +SENT +BEHIND/);
      assert.match(status.stdout, /^all +@management +\d+ /m);
      assert.match(status.stdout, /^all +dev +\d+ /m);
      await product.stop();
    }
    assertWhole(linesOf(all.path), at, ['dev']);
    const before = linesOf(all.path).length;
    // Both logs were made by the start that it was configured for.
    const beginnings = linesOf(first.path).filter(({ index }) => index === 0);
    assert.equal(beginnings.length, 2, 'a sink that was there first has all');
    {
      await using product = await startProduct({
        data,
        demo: false,
        config: await configured('two.json', [all, later]),
      });
      await untilSent(at, ['dev'], ['all']);
      const statuses = readStatuses(at, Date.now()).filter(({ sink }) => sink === 'later');
      assert.deepEqual(
        statuses.map(({ log }) => log),
        ['dev'],
      );
      assert.ok((statuses[0]?.next ?? 0) > 0, 'what was there before is not sent');
      await product.stop();
    }
    assertWhole(linesOf(all.path), at, ['dev']);
    assert.ok(linesOf(all.path).length > before, 'a start has entries of its own');
    const keys = linesOf(all.path).map(({ log, index }) => `${log} ${index}`);
    assert.equal(new Set(keys).size, keys.length, 'nothing was sent twice');
    {
      await using product = await startProduct({ data, demo: false, config: await configured('three.json', []) });
      await until(() => !existsSync(at.sinks));
      const said = readFileSync(join(data, 'logs', 'watcher.log'), 'utf8');
      assert.match(said, /the sink 'all' is not configured any more: how far it had come is forgotten/);
      await product.stop();
    }
  });
});
