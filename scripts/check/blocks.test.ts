import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readPage } from '../../test/docs/blocks.ts';
import { checkBlocks } from './blocks.ts';
import { fakeTree } from './tree.ts';

const steps = (...lines: string[]) =>
  readPage(lines.join('\n')).steps.map(({ kind, value, body }) => [kind, value, body]);

test('a block of shell is run, whatever its indentation, and one of another language is not', () => {
  assert.deepEqual(steps('```', 'a', '```', '1. x', '   ```sh', '   b', '     c', '   ```', '```json', '{}', '```'), [
    ['run', '', 'a\n'],
    ['run', '', 'b\n  c\n'],
  ]);
});

test('of a console, what was typed is run, with the lines that it goes on in', () => {
  assert.deepEqual(steps('```console', '$ a \\', '    b', 'answer', '$ c', '```'), [['run', '', 'a \\\n    b\nc\n']]);
});

test('the comment before a block says what becomes of it, and the one in the first line says it of all', () => {
  assert.deepEqual(steps('x', '<!-- not run: no token here -->', '```', 'a', '```', '```', 'b', '```'), [
    ['not run', 'no token here', 'a\n'],
    ['run', '', 'b\n'],
  ]);
  assert.deepEqual(steps('<!-- run by: x.ts -->', '# T', '```', 'a', '```', '<!-- fails: no -->', '```', 'b', '```'), [
    ['run by', 'x.ts', 'a\n'],
    ['fails', 'no', 'b\n'],
  ]);
});

test('what is presumed, and what stands in the place of what, are steps of their own', () => {
  assert.deepEqual(steps('<!-- given:', 'a', '-->', '<!-- where: ID… = "$ID" -->', '```', 'b ID…', '```'), [
    ['given', '', 'a\n'],
    ['where', 'ID…', '"$ID"'],
    ['run', '', 'b ID…\n'],
  ]);
});

test('a mark without a reason, of no known kind, or before no block is reported with its line', () => {
  const text = [
    '# T',
    '<!-- not run: -->',
    '```',
    '```',
    '<!-- skip: x -->',
    '```',
    '```',
    '<!-- fails: no -->',
    'prose',
  ];
  const found = [...checkBlocks(fakeTree({ 'docs/a.md': text.join('\n'), 'src/a.md': text.join('\n') }))];
  assert.deepEqual(
    found.map(({ file, line }) => `${file}:${line}`),
    ['docs/a.md:2', 'docs/a.md:5', 'docs/a.md:8'],
  );
});

test('a block that is run by nothing is reported', () => {
  const page = '<!-- run by: test/gone.ts -->\n```\na\n```';
  assert.match([...checkBlocks(fakeTree({ 'README.md': page }))][0]?.what ?? '', /test\/gone\.ts/);
});
