import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { readRules } from './rules.ts';

const CHECKOUT = join(import.meta.dirname, '../../..');
const GOOD = {
  kind: 'entries',
  severity: 'info',
  title: 'It happened',
  text: 'Something.',
  runbook: 'https://wiki.example.com/it',
  operations: ['KeyUnwrap'],
  when: 'caller != ""',
};

async function withRule<T>(rule: unknown, name: string, then: (folder: string) => T): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'alert-rules-'));
  try {
    await writeFile(join(folder, `${name}.json`), typeof rule === 'string' ? rule : JSON.stringify(rule));
    return then(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

test('each rule has a section of the guide with its title, its name, severity and text', async () => {
  const page = await readFile(join(CHECKOUT, 'docs/guide/alerts.md'), 'utf8');
  const rules = readRules();
  for (const { name, title, severity, text, runbook } of rules) {
    const anchor = title
      .toLowerCase()
      .replaceAll(/[^\w\s-]/g, '')
      .replaceAll(' ', '-');
    assert.equal(runbook, `docs/guide/alerts.md#${anchor}`, name);
    assert.ok(page.includes(`\n### ${title}\n\n\`${name}\` · ${severity}. ${text} `), name);
  }
  assert.equal([...page.matchAll(/^### /gm)].length, rules.length);
});

test("an operator's own rules hold beside ours, and some of ours can be switched off", async () => {
  const names = await withRule(GOOD, 'mine', (folder) =>
    readRules({ rules: folder, off: ['clock-moved'] }).map(({ name }) => name),
  );
  assert.ok(names.includes('mine') && !names.includes('clock-moved') && names.includes('network-opened'));
  assert.throws(() => readRules({ off: ['no-such'] }), /there is no rule 'no-such'/);
});

test('a folder of rules that cannot be read is named by its member, with the way out', () => {
  const says =
    /^ShapeError: alerts\.rules: ENOENT: .*'\/nowhere\/rules'; name a folder that this user can read, with a file/;
  assert.throws(() => readRules({ rules: '/nowhere/rules' }), says);
});

for (const [what, rule, name, says] of [
  ['is no JSON', '{', 'mine', /mine\.json: mine: /],
  ['has another member', { ...GOOD, wehn: 'true' }, 'mine', /mine\.json: mine has the unknown member "wehn"/],
  ['lacks its condition', { ...GOOD, when: undefined }, 'mine', /mine\.when is missing/],
  ['has a condition that does not parse', { ...GOOD, when: 'caller ==' }, 'mine', /mine\.when: /],
  ['asks for what there is not', { ...GOOD, when: 'calller == ""' }, 'mine', /mine\.when: Unknown variable: calller/],
  [
    'has a condition that is no yes or no',
    { ...GOOD, when: '"yes"' },
    'mine',
    /mine\.when is a string; it must be a bool/,
  ],
  ['compares what cannot be compared', { ...GOOD, when: 'caller > 3' }, 'mine', /mine\.when: /],
  ['has a regular expression', { ...GOOD, when: 'caller.matches("(a+)+$")' }, 'mine', /matches\(\) is not taken/],
  [
    'hides its regular expression',
    { ...GOOD, when: 'caller.matches // x\n ("(a+)+$")' },
    'mine',
    /matches\(\) is not taken/,
  ],
  ['groups by what is no text', { ...GOOD, by: ['caller == ""'] }, 'mine', /mine\.by\[0\] is a bool/],
  ['has no operation', { ...GOOD, operations: [] }, 'mine', /mine\.operations names no operation/],
  ['has a severity of its own', { ...GOOD, severity: 'huge' }, 'mine', /mine\.severity must be one of/],
  ['is called like one of ours', GOOD, 'network-opened', /a rule of that name is there already/],
  ['has no name that can be one', GOOD, 'My Rule', /must be the name of a rule/],
] as const) {
  test(`a rule that ${what} is refused, by its file and member`, async () => {
    await withRule(rule, name, (folder) => assert.throws(() => readRules({ rules: folder }), says));
  });
}

test('a condition that asks for a member that is not there does not hold', () => {
  const rule = readRules().find(({ name }) => name === 'release-policy-changed');
  assert.ok(rule?.kind === 'entries');
  const facts = { detail: {}, caller: '', log: 'dev' };
  assert.notEqual(rule.when({ ...facts, entry: {} }), true);
  const entry = { resultType: 'Success' };
  assert.notEqual(rule.when({ ...facts, entry }), true);
  assert.equal(rule.when({ ...facts, entry, detail: { changes: { releasePolicyHash: {} } } }), true);
});
