// The machine's clock jumps two hours ahead and back while all is watched: it is told, nothing else is, and sinks go on.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { places } from '../../src/deployment/data-layout.ts';
import { alertStateFile } from '../../src/watcher/alerts/alert-files.ts';
import { parseAlertState } from '../../src/watcher/alerts/alert-state.ts';
import { FaultControl, insideFlags } from '../chaos/fault-control.ts';
import { runStrongroom } from '../support/run-strongroom.ts';
import { startProduct } from '../support/running-product.ts';
import { assertWhole, linesOf, untilSent } from '../support/sink-scene.ts';
import { skipUnless } from '../system-programs.ts';

const folder = mkdtempSync(join(tmpdir(), 'watched-clock-'));
after(() => rmSync(folder, { recursive: true }));

const HOURS_2 = 7_200;
const JUMP = 'machine-clock-jumped';
/** Seconds. `looked` holds in every second one and is never told: it tells whether figures were looked at in this one. */
const SLOT = 500;
const LOOKED = {
  kind: 'metric',
  severity: 'info',
  title: 'Figures are looked at',
  text: 'It holds in every other slot, and never for long enough to be told.',
  runbook: 'https://wiki.example.com/looked',
  metric: 'strongroom_process_resident_memory_bytes',
  when: `labels.process == "watcher" && int(now / ${SLOT}.0) % 2 == 0`,
  for: 30 * 86_400,
};

test('a clock that jumps is told of, and is no reason for another alert or for a sink to stand still', {
  skip: skipUnless('gcc'),
}, async () => {
  using control = await FaultControl.open(folder);
  const path = join(folder, 'sent.jsonl');
  const config = join(folder, 'config.json');
  const sinks = [{ name: 'file', kind: 'file', path, from: 'beginning' }];
  const rules = join(folder, 'rules');
  mkdirSync(rules);
  writeFileSync(join(rules, 'looked.json'), JSON.stringify(LOOKED));
  writeFileSync(config, JSON.stringify({ health: { port: 0 }, alerts: { outlets: [], rules }, sinks }));
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
  let [ahead, passed] = [0, 0];
  const holds = (): boolean => {
    const { holding } = parseAlertState(readFileSync(alertStateFile(places(product.data).watch), 'utf8'));
    return Object.keys(holding).some((key) => key.startsWith('["looked"'));
  };
  /** Time goes by until figures are looked at by the clock as it is now, and what is wrong has lasted for a while. */
  const measured = async (): Promise<void> => {
    const before = holds();
    const now = Date.now() / 1000 + ahead + passed;
    const next = Math.floor(now / SLOT) + 1;
    passed += Math.ceil((next + (before === (next % 2 === 0) ? 1 : 0)) * SLOT + 100 - now);
    control.setPassed(passed);
    while (holds() === before) await delay(250);
  };
  await untilSent(places(product.data), ['dev'], ['file']);
  await measured();
  const before = await fired();
  for (const seconds of [HOURS_2, 0]) {
    ahead = seconds;
    control.setClock(ahead);
    await untilJump();
    // Once by the clock as it is now, and once more when what this has found has lasted.
    await measured();
    await measured();
    // It serves, and what is asked for now is sent.
    await strongroom('clock', 'show');
    await untilSent(places(product.data), ['dev'], ['file']);
    assert.equal((await fetch(`${product.state.health}/readyz`)).status, 200);
    await strongroom('sinks', 'status');
  }
  // The way back is told by itself where it is not within the hour in which it is the same.
  assert.deepEqual(
    [...new Set(await fired())].filter((rule) => !before.includes(rule)),
    [JUMP],
  );
  assertWhole(linesOf(path), places(product.data), ['dev']);
});

interface Act {
  readonly what: string;
  readonly detail: { readonly rule?: string };
}
