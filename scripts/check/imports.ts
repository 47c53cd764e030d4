// Holds every import of the tree against the table in allowed-imports.ts.
import { posix } from 'node:path';
import ts from 'typescript';
import { type Area, areas, forTests } from './allowed-imports.ts';
import type { Problem } from './problem.ts';
import type { Tree } from './tree.ts';

const SOURCE = /^(src|test|bench|scripts)\/.*\.(ts|mjs)$/;
const TEST = /\.(test|contract|property|fixture)\.ts$/;

export function checkImports(tree: Tree): Problem[] {
  return tree.files.filter((file) => SOURCE.test(file)).flatMap((file) => [...problemsOf(tree, file)]);
}

function* problemsOf(tree: Tree, file: string): Generator<Problem> {
  const area = areaOf(file);
  if (area === undefined) {
    const fix = 'put it into a folder the design names, or add a row to scripts/check/allowed-imports.ts';
    yield { file, what: 'no row of the allowed-imports table covers this file', fix };
    return;
  }
  const text = tree.text(file);
  for (const { fileName: specifier, pos } of ts.preProcessFile(text, true, true).importedFiles) {
    const problem = problemOf(tree, file, area, specifier);
    if (problem !== undefined) yield { file, line: text.slice(0, pos).split('\n').length, ...problem };
  }
}

type Finding = Pick<Problem, 'what' | 'fix'>;

function problemOf(tree: Tree, file: string, area: Area, specifier: string): Finding | undefined {
  const asTest = TEST.test(file);
  if (specifier.startsWith('.')) {
    const target = posix.normalize(posix.join(posix.dirname(file), specifier));
    if (!tree.has(target))
      return {
        what: `imports ${specifier}, which is not a file`,
        fix: 'import with the real path and extension (./sign.ts)',
      };
    const isExcepted = !asTest && area.except?.some((prefix) => target.startsWith(prefix)) === true;
    const own = target.startsWith(area.at) && !isExcepted;
    const allowed = own || [...area.from, ...(asTest ? forTests.from : [])].some((prefix) => target.startsWith(prefix));
    return allowed ? undefined : refusal(area, target);
  }
  if (specifier.startsWith('node:')) {
    const allowed = asTest || area.builtins === undefined || area.builtins.includes(specifier);
    return allowed ? undefined : refusal(area, specifier);
  }
  const name = specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
  const packages = [...(area.packages ?? []), ...(asTest ? (forTests.packages ?? []) : [])];
  return packages.includes(name) ? undefined : refusal(area, `the package ${name}`);
}

/** The row for a file: the longest `at` that covers it. */
export function areaOf(file: string): Area | undefined {
  return areas
    .filter(({ at }) => (at.endsWith('/') ? file.startsWith(at) : file === at))
    .reduce<Area | undefined>(
      (best, row) => (best === undefined || row.at.length > best.at.length ? row : best),
      undefined,
    );
}

function refusal(area: Area, target: string): Finding {
  return {
    what: `${area.at} must not import ${target}: ${area.because}`,
    fix: 'move what is needed to the lowest level where it makes sense, or pass it in as an argument',
  };
}
