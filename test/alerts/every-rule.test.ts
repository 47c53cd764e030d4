// Every rule comes true of what the product does and says, and is told: by the command with which an operator tests the same. And each
// operation that a rule names is one whose entries it holds for: one that no entry has would be a rule that nobody is ever told of.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { AlertTestRecord } from '../../src/cli/alert-test/kept-test.ts';
import { readRules } from '../../src/watcher/alerts/rules.ts';
import { treeOf } from '../support/process-tree.ts';
import { runStrongroom } from '../support/run-strongroom.ts';
import { foldersOf } from '../support/throw-away-folders.ts';

const RULE = {
  kind: 'entries',
  severity: 'info',
  title: 'It was done',
  text: 'By somebody.',
  runbook: 'https://wiki.example.com/it',
  when: 'entry.resultType == "Success"',
};
/** Of an operator: what some scenario does, and what none does. */
const OWN = [
  ['own-backup', 'BackupCreate'],
  ['own-never', 'CeremonyRecord'],
] as const;
let data: string;
let config: string;
before(async () => {
  data = await mkdtemp(join(tmpdir(), 'every-rule-'));
  const folder = join(data, 'rules');
  await mkdir(folder, { mode: 0o700 });
  for (const [name, operation] of OWN)
    await writeFile(join(folder, `${name}.json`), JSON.stringify({ ...RULE, operations: [operation] }));
  config = join(data, 'config.json');
  await writeFile(config, JSON.stringify({ alerts: { outlets: [], rules: folder } }));
});
after(() => rm(data, { recursive: true }));

test('each rule comes true in a throw-away product, of every operation that it names, and is told', async () => {
  const run = runStrongroom('alerts', 'test', '--no-send', '--json', '--data', data, '--config', config);
  const until = async (holds: () => boolean): Promise<void> => {
    while (!holds()) assert.equal(await Promise.race([run, delay(20)]), undefined, 'it has ended');
  };
  await until(() => foldersOf(treeOf(process.pid)).length === 1);
  const [folder = assert.fail()] = foldersOf(treeOf(process.pid));
  await until(() => existsSync(join(folder, 'ready')) && !existsSync(join(folder, 'config.json')));
  const { code, stdout, stderr } = await run;
  const { rules, record } = JSON.parse(stdout) as AlertTestRecord & { readonly record: string };
  const never = rules.find(({ rule }) => rule === 'own-never');
  assert.match(never?.reason ?? '', /^no scenario makes it come true: it was held against all of \d+$/);
  assert.deepEqual(
    rules.filter(({ outcome }) => outcome !== 'delivered'),
    [never],
    stderr,
  );
  assert.deepEqual([code, never?.outcome], [0, 'not tried'], stderr);
  const all = readRules();
  assert.deepEqual(
    rules.map(({ rule }) => rule),
    [...all.map(({ name }) => name), ...OWN.map(([name]) => name)],
  );
  for (const rule of all) {
    if (rule.kind === 'state' || rule.kind === 'metric') continue;
    const { operations = [] } = rules.find((each) => each.rule === rule.name) ?? {};
    const wanted = rule.operations.filter((name) => !name.endsWith('*'));
    assert.deepEqual(
      wanted.filter((name) => !operations.includes(name)),
      [],
      rule.name,
    );
    // An endpoint stands in the entry of a trial only where the HSM is told of both at once.
    const anywhere = rules.flatMap((each) => each.operations ?? []);
    for (const name of rule.operations.filter((each) => each.endsWith('*')))
      assert.ok(
        anywhere.some((each) => each.startsWith(name.slice(0, -1))),
        `${rule.name}: ${name}`,
      );
  }
  assert.ok(!existsSync(folder), 'it is wiped');
  const kept = await readdir(join(data, 'alert-tests'));
  assert.equal(kept.length, 1);
  const { record: _path, ...shown } = JSON.parse(stdout) as Record<string, unknown>;
  assert.deepEqual(JSON.parse(await readFile(record, 'utf8')), shown);
  const list = await runStrongroom('alerts', 'list', '--json', '--data', data);
  const { rules: listed } = JSON.parse(list.stdout) as { rules: { rule: string; testedAt: string; outcome: string }[] };
  // Nothing has been started here: the rules are those of everybody.
  assert.deepEqual(
    listed.map(({ rule, outcome }) => [rule, outcome]),
    // Nobody was sent anything.
    rules.slice(0, all.length).map(({ rule }) => [rule, 'came true']),
  );
});
