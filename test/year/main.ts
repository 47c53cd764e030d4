// Tells a year, and judges it: `year.test.ts` starts it with the library that moves clocks in it, and in all that it starts. It goes on
// after what is wrong, so that a run says all of it.
// usage: main.ts FOLDER, with what `FaultControl` has made there in the environment
import assert from 'node:assert/strict';
import { inspect, isDeepStrictEqual } from 'node:util';
import { openEntries } from '../../src/features/audit/read-entries.ts';
import { SEVERITIES, type Severity } from '../../src/watcher/alerts/rule.ts';
import { readRules } from '../../src/watcher/alerts/rules.ts';
import { FaultControl } from '../chaos/fault-control.ts';
import type { ReceivedEntry } from '../support/sink-scene.ts';
import type { Receivers } from './receivers.ts';
import { DAY, World } from './world.ts';
import { type Step, usageAddsUp, YEAR } from './year.ts';

const SEVERITY = new Map(readRules().map(({ name, severity }) => [name, severity]));
const [folder = ''] = process.argv.slice(2);
const findings: string[] = [];
/** Outlet and number of what came again although it had been taken, where that may be. */
const repeated = new Set<string>();

using control = new FaultControl(folder);
await using world = await World.open(folder, control);
for (const step of YEAR) {
  const { what, after, told } = step;
  await finding(what, async () => {
    const from = toldSoFar(world.receivers);
    if (after > 0) await world.go(after * DAY);
    say(what);
    await step.does(world).finally(async () => {
      await world.last();
      for (const [rule, times] of Object.entries(told)) say(`  told: ${rule}${times === 1 ? '' : `, ${times} times`}`);
      assertTold(world.receivers, step, from);
    });
  });
}
await finding('usage', async () => {
  await usageAddsUp(world);
  say(`usage tells of ${world.ledger.total} uses of keys, as the ledger does`);
});
await finding('settled', () => world.settle());
for (const [name, received] of Object.entries(world.receivers.sinks)) {
  await finding(`sink ${name}`, async () => {
    const entries = assertAll(name, await received());
    say(`${name} has the ${entries} entries of ${world.logs.length} logs`);
  });
}
for (const { origin, folder: log, isManagement, instance = 'the purged HSM' } of world.logs) {
  const name = isManagement ? 'the management plane' : instance;
  await finding(`audit verify: ${name}`, async () => {
    const key = world.keyOf(origin);
    const { stdout } = await world.strongroom(
      ...['audit', 'verify', '--log', log, '--json'],
      ...(key === undefined ? [] : [`--key=${key}`]),
    );
    const { size } = JSON.parse(stdout) as { readonly size: number };
    say(`audit verify finds nothing wrong with the ${size} entries of ${name}`);
  });
}
await finding('told twice', () => {
  for (const [name, { told }] of Object.entries(world.receivers.outlets)) {
    const all = told().map(({ alert }) => alert);
    const again = all.filter((alert, at) => all.indexOf(alert) < at && !repeated.has(`${name} ${at}`));
    assert.deepEqual(again, [], name);
  }
  return Promise.resolve();
});
if (findings.length > 0) {
  process.stdout.write(`${world.output.split('\n').slice(-40).join('\n')}\n`);
  process.stderr.write(`${findings.join('\n\n')}\n`);
  process.exitCode = 1;
}

function say(text: string): void {
  process.stdout.write(`${new Date().toISOString().slice(0, 16)}  ${text}\n`);
}

async function finding(where: string, does: () => Promise<void>): Promise<void> {
  try {
    await does();
  } catch (error) {
    findings.push(`${where}: ${inspect(error)}`);
    say(`  WRONG: ${(error as Error).message}`);
  }
}

function toldSoFar({ outlets }: Receivers): ReadonlyMap<string, number> {
  return new Map(Object.entries(outlets).map(([name, { told }]) => [name, told().length]));
}

/** Every outlet has been told of each alert that is serious enough for it, and of no other. */
function assertTold(
  { outlets }: Receivers,
  { told: expected, mayRepeat }: Step,
  from: ReadonlyMap<string, number>,
): void {
  const wrong = Object.entries(outlets).flatMap(([name, { least, told }]) => {
    const wanted = Object.fromEntries(Object.entries(expected).filter(([rule]) => isAtLeast(rule, least)));
    const got: Record<string, number> = {};
    const all = told();
    for (const [at, { rule, hsm, alert }] of all.entries()) {
      if (at < (from.get(name) ?? 0)) continue;
      if (mayRepeat === true && all.findIndex((each) => each.alert === alert) < at) repeated.add(`${name} ${at}`);
      else got[`${rule}@${hsm}`] = (got[`${rule}@${hsm}`] ?? 0) + 1;
    }
    return isDeepStrictEqual(got, wanted) ? [] : [`${name} was told ${inspect(got)}, and not ${inspect(wanted)}`];
  });
  if (wrong.length > 0) throw new Error(wrong.join('; '));
}

function isAtLeast(expected: string, least: Severity): boolean {
  const severity = SEVERITY.get(expected.split('@')[0] ?? '') ?? assert.fail(expected);
  return SEVERITIES.indexOf(severity) <= SEVERITIES.indexOf(least);
}

/** Each entry of each log, as it stands there, and nothing else; some may have come more than once. @returns how many there are */
function assertAll(name: string, received: readonly ReceivedEntry[]): number {
  const got = new Map<string, string>();
  for (const { log, index, text } of received) {
    const key = `${log} ${index}`;
    assert.equal(got.get(key) ?? text, text, `${name} has two texts of ${key}`);
    got.set(key, text);
  }
  let count = 0;
  for (const { origin, folder: log } of world.logs) {
    for (const { index, text } of openEntries(log).from(0)) {
      assert.equal(got.get(`${origin} ${index}`), text, `${name}: entry ${index} of ${origin}`);
      count += 1;
    }
  }
  assert.equal(got.size, count, `${name} has entries that no log has`);
  return count;
}
