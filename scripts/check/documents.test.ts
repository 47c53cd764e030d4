import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkDocuments } from './documents.ts';
import { anchors, links, tableRows } from './markdown.ts';
import { fakeTree } from './tree.ts';

function found(contents: Record<string, string>): string[] {
  return checkDocuments(fakeTree(contents)).map(({ file, line, what }) => `${file}:${line ?? 0} ${what}`);
}

test('links are found in prose, not in code', () => {
  const text = 'see [a](a.md) and ![b](b.png)\n```\n[c](c.md)\n```\n`[d](d.md)`\n[f]: f.md';
  assert.deepEqual(
    links(text).map(({ line, target }) => `${line} ${target}`),
    ['1 a.md', '1 b.png', '6 f.md'],
  );
});

test('anchors are made as the hosts make them, repeated headings numbered', () => {
  assert.deepEqual([...anchors('# One two\n## `az` & you\n### One two\n')], ['one-two', 'az--you', 'one-two-1']);
});

test('table rows are found by the code word in their first cell', () => {
  assert.deepEqual(tableRows('| code | n |\n| --- | --- |\n| `Conflict` | 409 |'), [
    { word: 'Conflict', cells: ['`Conflict`', '409'], line: 3 },
  ]);
});

test('a link to nothing and a link to a heading that is not there are reported with their lines', () => {
  const report = found({
    'README.md': '# T\n[x](gone.md)\n[y](docs/a.md#none)\n[z](docs/a.md#here)',
    'docs/a.md': '# Here',
  });
  assert.ok(report.some((line) => line.startsWith('README.md:2 links to gone.md')));
  assert.ok(report.some((line) => line.startsWith('README.md:3 links to docs/a.md#none')));
  assert.ok(!report.some((line) => line.startsWith('README.md:4')));
});

test('a feature without README or guide page is reported', () => {
  const report = found({ 'src/features/rotation/rotate.ts': '' });
  assert.ok(report.some((line) => line.startsWith('src/features/rotation/README.md')));
  assert.ok(report.some((line) => line.startsWith('docs/guide/rotation.md')));
});

test('a page that the map does not lead to is reported', () => {
  const report = found({ 'docs/README.md': '[a](guide/a.md)', 'docs/guide/a.md': '', 'docs/guide/b.md': '' });
  assert.ok(report.some((line) => line.startsWith('docs/guide/b.md:0 docs/README.md does not lead')));
  assert.ok(!report.some((line) => line.startsWith('docs/guide/a.md:0 docs/README.md does not lead')));
});

test('a path that only its writer has is reported', () => {
  const path = ['/wo', 'rk/notes.md'].join('');
  assert.ok(found({ 'src/a.ts': `// see ${path}` }).some((line) => line.startsWith('src/a.ts:1 mentions')));
});

test('a decision without its alternatives is reported', () => {
  const page = ['Problem', 'Choice', 'Drawbacks', 'Security', 'What would change our mind'].map(
    (part) => `\n**${part}.** x`,
  );
  const report = found({ 'docs/decisions/0001-x.md': `# x\n${page.join('\n')}` });
  assert.deepEqual(
    report.filter((line) => line.includes('no part')),
    ['docs/decisions/0001-x.md:0 has no part Alternatives'],
  );
});

test('a path that moved away from under a page is reported', () => {
  const report = found({ 'docs/a.md': '`src/x/a.ts` `src/x` `src/gone.ts` `a.ts` `lost.ts`', 'src/x/a.ts': '' });
  assert.deepEqual(
    report.filter((line) => line.includes(' names ')),
    ['docs/a.md:1 names src/gone.ts, which does not exist', 'docs/a.md:1 names lost.ts, which does not exist'],
  );
});
