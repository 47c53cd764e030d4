import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { dotenvLines, githubLines, githubMasks } from './variable-files.ts';

/** As the runner reads its file: `NAME=value`, or `NAME<<end` and lines until one that is `end`. */
function readAsRunner(text: string): Record<string, string> {
  const lines = text.split('\n');
  const read: Record<string, string> = {};
  for (let at = 0; at < lines.length - 1; at++) {
    const line = lines[at] ?? '';
    const [equals, here] = [line.indexOf('='), line.indexOf('<<')];
    if (equals >= 0 && (here < 0 || equals < here)) read[line.slice(0, equals)] = line.slice(equals + 1);
    else {
      const end = lines.indexOf(line.slice(here + 2), at + 1);
      read[line.slice(0, here)] = lines.slice(at + 1, end).join('\n');
      at = end;
    }
  }
  return read;
}

test('a runner reads every value back as it was', () => {
  const value = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 30 }),
    fc.constantFrom('a\nb', '\n', 'A=b\nC<<D', 'x<<y', '', 'a\r\nb\n'),
  );
  fc.assert(
    fc.property(fc.array(value, { maxLength: 6 }), (values) => {
      const variables = Object.fromEntries(values.map((each, index) => [`V${index}`, each]));
      assert.deepEqual(readAsRunner(githubLines(variables, {})), variables);
    }),
  );
});

test('what is to be cleared is emptied for a runner where it is set, and left out where it is not', () => {
  assert.equal(githubLines({ A: undefined, B: undefined, C: 'c' }, { B: 'stale' }), 'B=\nC=c\n');
});

test('secrets are masked one by one, as commands that the runner cannot misread', () => {
  assert.equal(githubMasks(['s3cret', 'a%b\nc']), '::add-mask::s3cret\n::add-mask::a%25b%0Ac\n');
});

test('dotenv values are bare where they can be, quoted where blanks ask for it, and read alike by a shell and by Node', () => {
  const variables = { A: 'https://x.example:8443/p?', B: '/my data/ca $HOME #1/x', C: 'S~e.c-r_e+t=', D: undefined };
  const text = dotenvLines(variables);
  assert.equal(text, "A='https://x.example:8443/p?'\nB='/my data/ca $HOME #1/x'\nC=S~e.c-r_e+t=\n");
  const folder = mkdtempSync(join(tmpdir(), 'strongroom-dotenv-'));
  try {
    const file = join(folder, 'file.env');
    writeFileSync(file, text);
    const print = `process.stdout.write(['A','B','C'].map((name) => process.env[name]).join('|'))`;
    const expected = `${variables.A}|${variables.B}|${variables.C}`;
    assert.equal(execFileSync(process.execPath, [`--env-file=${file}`, '-e', print], { env: {} }).toString(), expected);
    const shell = execFileSync('sh', ['-c', `. "${file}"; printf '%s|%s|%s' "$A" "$B" "$C"`], { env: {} });
    assert.equal(shell.toString(), expected);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('a value that readers of dotenv files take differently is refused by the name of its variable', () => {
  for (const value of ["it's", 'a\nb', 'a\\b'])
    assert.throws(() => dotenvLines({ PLACE: value }), /^RangeError: PLACE has/);
});
