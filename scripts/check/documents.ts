// Documents that must exist and lead somewhere: pages per word, links that resolve, nothing that only we can open.
import { posix } from 'node:path';
import { anchors, links, prose } from './markdown.ts';
import type { Problem } from './problem.ts';
import type { Tree } from './tree.ts';

/** Paths that exist on no reader's machine. Written in parts so that this file does not find itself. */
const PRIVATE = [
  ['/wo', 'rk/'],
  ['../sha', 'red'],
  ['.libr', 'ary/'],
  ['sha', 'red/spec'],
  ['sha', 'red/design'],
].map((parts) => parts.join(''));
const TEXT = /\.(md|ts|mjs|js|json|sh|yml|yaml)$|^(strongroom|LICENSE|\.ci\/run)$/;
const DECISION_PARTS = ['Problem', 'Choice', 'Alternatives', 'Drawbacks', 'Security', 'What would change our mind'];
const EXPECTED = [
  'README.md',
  'LICENSE',
  'SECURITY.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  'changelog/README.md',
  'docs/README.md',
  'docs/design/threat-model.md',
  'docs/design/architecture.md',
  'docs/guide/connect.md',
  'docs/reference/api.md',
  'docs/reference/configuration.md',
];

export function checkDocuments(tree: Tree): Problem[] {
  return [
    ...missingPages(tree),
    ...unfinishedDecisions(tree),
    ...missingWords(tree),
    ...brokenLinks(tree),
    ...stalePaths(tree),
    ...privatePaths(tree),
  ];
}

function* missingPages(tree: Tree): Generator<Problem> {
  for (const file of EXPECTED) {
    if (!tree.has(file)) yield { file, what: 'the page is missing', fix: 'write it; readers look for it there' };
  }
  const pages = tree.files.filter((file) => /^docs\/.*\.md$/.test(file) && file !== 'docs/README.md');
  const mapped = tree.has('docs/README.md')
    ? new Set(links(tree.text('docs/README.md')).map(({ target }) => posix.join('docs', target)))
    : new Set();
  for (const file of pages) {
    if (!mapped.has(file)) yield { file, what: 'docs/README.md does not lead to this page', fix: 'add it to the map' };
  }
}

/** One word, everywhere: a feature has a README beside its code and a page in the guide. */
function* missingWords(tree: Tree): Generator<Problem> {
  const words = new Set(tree.files.flatMap((file) => /^src\/features\/([^/]+)\//.exec(file)?.[1] ?? []));
  for (const word of words) {
    const readme = `src/features/${word}/README.md`;
    if (!tree.has(readme)) {
      yield {
        file: readme,
        what: `the feature ${word} has no README`,
        fix: 'a screen: what it is for, reading order, decisions',
      };
    }
    const guide = `docs/guide/${word}.md`;
    if (!tree.has(guide)) {
      yield {
        file: guide,
        what: `the feature ${word} has no page in the guide`,
        fix: 'say what a user can do with it and how',
      };
    }
  }
}

/** A decision says what else was possible and what would undo it, or it is only an announcement. */
function* unfinishedDecisions(tree: Tree): Generator<Problem> {
  for (const file of tree.files.filter((name) => /^docs\/decisions\/\d{4}-.*\.md$/.test(name))) {
    for (const part of DECISION_PARTS) {
      if (!tree.text(file).includes(`\n**${part}.**`)) {
        yield { file, what: `has no part ${part}`, fix: `add a paragraph that begins with **${part}.**` };
      }
    }
  }
}

function* brokenLinks(tree: Tree): Generator<Problem> {
  for (const file of tree.files.filter((name) => name.endsWith('.md'))) {
    for (const { line, target } of links(tree.text(file))) {
      if (/^[a-z][a-z0-9+.-]*:/i.test(target)) continue;
      const [path = '', anchor] = target.split('#');
      const to = path === '' ? file : posix.normalize(posix.join(posix.dirname(file), path));
      const folder = to.endsWith('/') ? to : `${to}/`;
      if (!tree.has(to) && !tree.files.some((name) => name.startsWith(folder))) {
        yield {
          file,
          line,
          what: `links to ${target}, which does not exist`,
          fix: 'correct the path, or write the page',
        };
      } else if (anchor !== undefined && to.endsWith('.md') && !anchors(tree.text(to)).has(anchor)) {
        yield {
          file,
          line,
          what: `links to ${target}, but that page has no such heading`,
          fix: 'use the anchor of a heading',
        };
      }
    }
  }
}

/** A file or folder of ours that a page names in code quotes, by its path or by its name alone: pages follow when code moves. */
function* stalePaths(tree: Tree): Generator<Problem> {
  const names = new Set(tree.files.map((name) => posix.basename(name)));
  for (const file of tree.files.filter((name) => name.endsWith('.md') && !/^changelog/i.test(name))) {
    for (const [index, line] of prose(tree.text(file)).entries()) {
      for (const [, path = ''] of line.matchAll(/`((?:src|test|scripts|bench)\/[\w./-]+|(?:\.\.\/)*[\w./-]+\.ts)`/g)) {
        const isPath = /^(src|test|scripts|bench)\//.test(path);
        if (isPath ? isThere(tree, path) : names.has(posix.basename(path)) || EXAMPLES.has(path)) continue;
        yield {
          file,
          line: index + 1,
          what: `names ${path}, which does not exist`,
          fix: 'name the file or folder that has it now',
        };
      }
    }
  }
}

/** Names that a page makes up. */
const EXAMPLES: ReadonlySet<string> = new Set(['sign.ts', 'sign.test.ts']);

function isThere(tree: Tree, path: string): boolean {
  return tree.has(path) || tree.files.some((name) => name.startsWith(`${path.replace(/\/$/, '')}/`));
}

function* privatePaths(tree: Tree): Generator<Problem> {
  for (const file of tree.files.filter((name) => TEXT.test(name) && name !== 'package-lock.json')) {
    for (const [index, line] of tree.text(file).split('\n').entries()) {
      const found = PRIVATE.find((path) => line.includes(path));
      if (found === undefined) continue;
      yield {
        file,
        line: index + 1,
        what: `mentions ${found}, which readers do not have`,
        fix: 'say it in the repository, or leave it out',
      };
    }
  }
}

/** True when a page's prose has the word in code quotes. */
export function names(text: string, word: string): boolean {
  return prose(text).some((line) => line.includes(`\`${word}\``));
}
