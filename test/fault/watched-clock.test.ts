// The machine's clock jumps two hours ahead and back while all is watched: it is told, nothing else is, and sinks go on.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { places } from '../../src/deployment/data-layout.ts';
import { FaultControl, insideFlags } from '../chaos/fault-control.ts';
import { runStrongroom } from '../support/run-strongroom.ts';
import { startProduct } from '../support/running-product.ts';
import { assertWhole, linesOf, untilSent } from '../support/sink-scene.ts';
import { skipUnless } from '../system-programs.ts';

const folder = mkdtempSync(join(tmpdir(), 'watched-clock-'));
after(() => rmSync(folder, { recursive: true }));

const HOURS_2 = 7_200;
const JUMP = 'machine-clock-jumped';

test('a clock that jumps is told of, and is no reason for another alert or for a sink to stand still', {
  skip: skipUnless('gcc'),
}, async () => {
  using control = await FaultControl.open(folder);
  const path = join(folder, 'sent.jsonl');
  const config = join(folder, 'config.json');
  const sinks = [{ name: 'file', kind: 'file', path, from: 'beginning' }];
  writeFileSync(config, JSON.stringify({ health: { port: 0 }, alerts: { outlets: [] }, sinks }));
  const inside = { flags: insideFlags(0), variables: control.variables };
  await using product = await startProduct({ config, inside });
  const strongroom = async (...words: readonly string[]): Promise<string> => {
    const { code, stdout, stderr } = await runStrongroom(...words, '--data', product.data);
    assert.equal(code, 0, stderr);
    return stdout;
  };
  const fired = async (): Promise<readonly string[]> => {
    const acts = JSON.parse(await strongroom('alerts', 'history', '--json')) as readonly Act[];
    return acts.flatMap(({ what, detail }) => (what === 'AlertFired' ? [String(detail.rule)] : []));
  };
  const untilJump = async (): Promise<void> => {
    while (!(await fired()).includes(JUMP)) await delay(250);
  };
  await untilSent(places(product.data), ['dev'], ['file']);
  const before = await fired();
  for (const seconds of [HOURS_2, 0]) {
    control.setClock(seconds);
    await untilJump(); // the way back is within the hour in which it is the same
    // It serves, and what is asked for now is sent.
    await strongroom('clock', 'show');
    await untilSent(places(product.data), ['dev'], ['file']);
    assert.equal((await fetch(`${product.state.health}/readyz`)).status, 200);
    await strongroom('sinks', 'status');
  }
  assert.deepEqual(
    (await fired()).filter((rule) => !before.includes(rule)),
    [JUMP],
  );
  assertWhole(linesOf(path), places(product.data), ['dev']);
});

interface Act {
  readonly what: string;
  readonly detail: { readonly rule?: string };
}
