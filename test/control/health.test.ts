// A running product is asked whether it is well, as a probe asks: an instance that is stopped, whose recorder hangs, and whose
// watcher dies.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { call } from '../../src/http/outbound.ts';
import { CHECKOUT, type RunningProduct, startProduct } from '../support/running-product.ts';

describe('a product that is asked how it fares', () => {
  const folder = mkdtempSync(join(tmpdir(), 'strongroom-health-'));
  let product: RunningProduct;
  let health = '';
  before(async () => {
    const config = join(folder, 'config.json');
    writeFileSync(config, JSON.stringify({ health: { port: 0 } }));
    product = await startProduct({ config });
    health = product.state.health ?? '';
  });
  after(async () => {
    await product?.[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true });
  });

  const ask = async (path: string) => {
    const { status, body } = await call({ url: new URL(`${health}${path}`), withinMs: 60_000 }, 1_000_000);
    return { status, text: body.toString('utf8') };
  };
  /** The first answer with this status, as a probe goes on asking. */
  const until = async (path: string, wanted: number): Promise<string> => {
    for (;;) {
      const found = await ask(path).catch(() => undefined);
      if (found?.status === wanted) return found.text;
      await delay(50);
    }
  };
  const strongroom = (...words: string[]) =>
    execFileSync(join(CHECKOUT, 'strongroom'), [...words, '--data', product.data], { stdio: 'pipe' });

  test('it is alive and ready, its instance is named, and nothing else of it', async () => {
    assert.match(health, /^http:\/\/127\.0\.0\.1:\d+$/);
    assert.equal((await ask('/livez')).status, 200);
    const { status, text } = await ask('/readyz/dev');
    assert.equal(status, 200, text);
    assert.match(text, /^\[\+\]dev:activation ok\n\[\+\]dev:workers ok\n\[\+\]dev:modules ok\n\[\+\]dev:recorder ok\n/);
    assert.match((await ask('/metrics')).text, /^strongroom_instance_up\{hsm="dev"\} 1$/m);
  });

  test('while the recorder hangs nothing can be answered, which it says until that goes on', async () => {
    const { recorder } = product.state.pids.instances['dev'] ?? {};
    assert.ok(typeof recorder === 'number');
    const { direct } = product.state.uris.instances['dev'] ?? {};
    process.kill(recorder, 'SIGSTOP');
    try {
      // Something that is to be put on record, on each worker.
      const url = new URL(`${direct}/keys?api-version=7.4`);
      const asked = Array.from({ length: 20 }, () =>
        call({ url, ca: product.ca, withinMs: 60_000 }, 100_000).catch(() => undefined),
      );
      assert.match(
        await until('/readyz/dev', 503),
        /^\[-\]dev:recorder failed: its recorder does not (keep up or cannot write|run or does not answer)/m,
      );
      assert.equal((await ask('/livez')).status, 200, 'to be started again would help nobody');
      await Promise.all(asked);
    } finally {
      process.kill(recorder, 'SIGCONT');
    }
    await until('/readyz/dev', 200);
  });

  test('one that was stopped is not ready, says by whom, and how it starts', async () => {
    strongroom('instance', 'stop', 'dev');
    const stop = ['--management', '--operation', 'Strongroom/instances/stop/action', '--json'];
    assert.match(
      strongroom('audit', 'show', ...stop).toString(),
      /"resultDescription": ?"By a command at the machine: strongroom instance stop"/,
    );
    const text = await until('/readyz', 503);
    assert.match(text, /^\[-\]dev:activation failed: an operator has stopped it: \.\/strongroom instance start dev$/m);
    strongroom('instance', 'start', 'dev');
    await until('/readyz', 200);
  });

  test('a watcher that dies comes back where it was', async () => {
    const { watcher } = product.state.pids;
    assert.ok(typeof watcher === 'number');
    process.kill(watcher, 'SIGKILL');
    await product.until(({ pids }) => pids.watcher !== null && pids.watcher !== watcher);
    await until('/readyz/dev', 200);
    assert.equal(product.state.health, health);
  });
});
