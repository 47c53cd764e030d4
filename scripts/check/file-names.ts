// How files are called and cut: kebab-case after what they do, named exports, no drawers for odds and ends.
import type { Problem } from './problem.ts';
import type { Tree } from './tree.ts';

const CODE = /^(src|test|bench|scripts)\/.*\.(ts|mjs|mts|js)$/;
const KEBAB = /^[a-z0-9]+(-[a-z0-9]+)*(\.(test|contract|property|fixture|bench|d))?\.(ts|mjs)$/;
const DRAWERS = new Set(['utils', 'util', 'helpers', 'helper', 'common', 'shared', 'misc', 'lib']);
/** Past this, ask whether there are two ideas. Tests and tables of rows may be longer. */
const LONG = 150;

export function checkFileNames(tree: Tree): Problem[] {
  return tree.files.filter((file) => CODE.test(file)).flatMap((file) => [...problemsOf(file, tree.text(file))]);
}

function* problemsOf(file: string, text: string): Generator<Problem> {
  const parts = file.split('/');
  const name = parts.at(-1) ?? '';
  if (!KEBAB.test(name)) {
    yield {
      file,
      what: `the name ${name} is not kebab-case .ts`,
      fix: 'name it after what it does, like session-pool.ts (tests: session-pool.test.ts)',
    };
  }
  for (const part of parts) {
    if (DRAWERS.has(part.replace(/\..*$/, ''))) {
      yield {
        file,
        what: `${part} says nothing about what is inside`,
        fix: 'give each thing a file under its own name, at the lowest level that makes sense',
      };
    }
  }
  const lines = text.split('\n');
  for (const [index, line] of lines.entries()) {
    if (/^export default\b/.test(line)) {
      yield { file, line: index + 1, what: 'default export', fix: 'export it under its name' };
    }
    if (/^export \* from\b/.test(line)) {
      yield { file, line: index + 1, what: 'barrel: export * from', fix: 'import from the file that has the thing' };
    }
  }
  if (lines.length > LONG && !/\.(test|contract|property)\.ts$/.test(file)) {
    yield {
      file,
      what: `${lines.length - 1} lines`,
      fix: `past ${LONG}, ask whether there are two ideas in it`,
      warning: true,
    };
  }
}
