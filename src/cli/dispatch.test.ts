import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type Command, CommandError, command, jsonOption, nounsOf } from './command.ts';
import { dispatch } from './dispatch.ts';
import { nearest } from './nearest.ts';

const folder = mkdtempSync(join(tmpdir(), 'strongroom-test-'));
after(() => rmSync(folder, { recursive: true }));

const seen: unknown[] = [];
const commands: readonly Command[] = [
  command({
    name: 'start',
    summary: 'start it',
    details: 'Or eval "$(strongroom start)", see \'strongroom audit verify\'; a strongroom is a place.',
    options: { 'port N (1)': 'the port', ...jsonOption },
    examples: ['strongroom start'],
    run: (values) => {
      seen.push(values);
      return Promise.resolve(0);
    },
  }),
  command({
    name: 'audit verify',
    summary: 'verify it',
    operands: 'FILE',
    options: { 'key K...': 'a key' },
    examples: [],
    run: (values, operands) => {
      seen.push([values.key, operands]);
      return Promise.reject(new CommandError('it is cut off'));
    },
  }),
  command({
    name: 'audit verify all',
    summary: 'verify all',
    options: { 'hsm-name NAME': 'which' },
    examples: [],
    run: () => Promise.resolve(0),
  }),
];

async function run(...words: string[]) {
  const said = { out: '', err: '' };
  const code = await dispatch(nounsOf(commands, { audit: 'the audit log' }), '1.2.3', words, {
    out: (text) => void (said.out += text),
    err: (text) => void (said.err += text),
  });
  return { code, ...said };
}

test('help is there at every level, on standard output, with exit code 0', async () => {
  for (const words of [['--help'], ['-h'], ['help']]) {
    const { code, out } = await run(...words);
    assert.equal(code, 0);
    assert.match(out, /Commands:\n {2}start {2}start it\n\nGroups [^]*:\n {2}audit {2}the audit log/);
    assert.doesNotMatch(out, /audit verify/, 'groups, not what is in them');
  }
  for (const words of [
    ['audit', '--help'],
    ['help', 'audit'],
  ]) {
    const noun = await run(...words);
    assert.equal(noun.code, 0);
    assert.match(noun.out, /Commands:\n {2}audit verify {6}verify it\n {2}audit verify all {2}verify/);
    assert.doesNotMatch(noun.out, /start it/);
  }
  assert.equal((await run('help', 'audit', 'verify')).out, (await run('audit', 'verify', '-h')).out);
  assert.match((await run('help', 'audit', 'verify')).out, /\n\nCommands:\n {2}audit verify {6}verify it\n/);
  const verb = await run('audit', 'verify', '--help');
  assert.match(verb.out, /Usage: \.\/strongroom audit verify \[OPTIONS\] FILE/);
  const { out } = await run('start', '--port', '3', '-h');
  assert.match(out, /--port N\s+the port \(default: 1\)/);
  assert.match(out, /^strongroom start - start it\n/);
  assert.ok(
    out.includes('Or eval "$(./strongroom start)", see \'./strongroom audit verify\'; a strongroom is a place.'),
    out,
  );
  assert.ok(out.endsWith('Examples:\n  ./strongroom start\n'), 'an example can be pasted');
});

test('nothing, or a noun alone, is answered by help on standard error and exit code 2', async () => {
  for (const words of [[], ['audit']]) {
    const { code, out, err } = await run(...words);
    assert.equal(code, 2);
    assert.equal(out, '');
    assert.match(err, /Usage: \.\/strongroom/);
  }
});

test('unknown words end with exit code 2 and the nearest known one', async () => {
  const cases: [string[], RegExp][] = [
    [['strat'], /unknown command 'strat' \(did you mean 'start'\?\)/],
    [['audit', 'verfy'], /unknown command 'audit verfy' \(did you mean 'audit verify'\?\)/],
    [['help', 'strat'], /unknown command 'strat' \(did you mean 'start'\?\)/],
    [['audit', 'verify', 'all', '--instance', 'x'], /unknown option '--instance' \(did you mean '--hsm-name'\?\)/],
    [['start', '--prot', '3'], /unknown option '--prot' \(did you mean '--port'\?\)\nUsage/],
    [['start', '--zzzzzz=3'], /unknown option '--zzzzzz'\n/],
    [['start', '-x'], /unknown option '-x'/],
    [['--verbos'], /unknown option '--verbos'/],
    [['start', 'spare'], /takes no operands, but was given 'spare'/],
    [
      ['start', '--port'],
      /option '--port' needs a N\nUsage: .*\n'\.\/strongroom start --help' tells all about it\.\n$/,
    ],
    [['start', '--port', '--json'], /option '--port' needs a N\n/],
    [['start', '--port='], /option '--port' needs a N/],
    [['start', '--json=1'], /option '--json' takes no value/],
  ];
  for (const [words, message] of cases) {
    const { code, out, err } = await run(...words);
    assert.equal(code, 2, words.join(' '));
    assert.equal(out, '');
    assert.match(err, message);
  }
});

test('options arrive typed, with their defaults, and operands beside them', async () => {
  seen.length = 0;
  await run('start');
  await run('start', '--port=7', '--json');
  await run('audit', 'verify', '--key', 'a', 'file', '--key', 'b');
  assert.deepEqual(JSON.parse(JSON.stringify(seen)), [
    { port: '1', json: false },
    { port: '7', json: true },
    [['a', 'b'], ['file']],
  ]);
});

test('a value may begin with a hyphen, where that is not an option', async () => {
  seen.length = 0;
  await run('audit', 'verify', '--key', '-Zm9v', 'file', '--key', '-_=-');
  await run('audit', 'verify', '--key', '-3', 'file');
  await run('audit', 'verify', 'file', '--', '--key', '-x');
  assert.deepEqual(JSON.parse(JSON.stringify(seen)), [
    [['-Zm9v', '-_=-'], ['file']],
    [['-3'], ['file']],
    [[], ['file', '--key', '-x']],
  ]);
  for (const word of ['--json', '-h']) {
    assert.equal((await run('audit', 'verify', 'file', '--key', word)).code, 2, word);
  }
});

test('a failure that the user can read has exit code 1 and no stack', async () => {
  const { code, out, err } = await run('audit', 'verify', 'x');
  assert.deepEqual([code, out, err], [1, '', 'strongroom audit verify: it is cut off\n']);
});

test('the nearest word is a small slip away, or there is none', () => {
  assert.equal(nearest('ready-fil', ['ready-file', 'port']), 'ready-file');
  assert.equal(nearest('pors', ['port', 'data']), 'port');
  assert.equal(nearest('stat', ['start', 'status']), 'status');
  assert.equal(nearest('xyz', ['port', 'data']), undefined);
  assert.equal(nearest('', ['port']), undefined);
});

test('the program runs from any folder and through a symbolic link', () => {
  const program = fileURLToPath(new URL('../../strongroom', import.meta.url));
  const link = join(folder, 'sr');
  symlinkSync(program, link);
  const version = spawnSync(link, ['--version'], { cwd: folder, encoding: 'utf8' });
  assert.match(version.stdout, /^strongroom \d+\.\d+\.\d+\n$/);
  assert.equal(version.status, 0);
  const unknown = spawnSync(link, ['nothing'], { cwd: folder, encoding: 'utf8' });
  assert.equal(unknown.status, 2);
});
