// How heavy the house is: lines of each room, circles of files, loops of folders, and what the module that serves keys is made of.
// A figure beyond its limit is a problem, whatever was added for it. That of all lines is what it is now: it goes up with what users
// can do more, and with nothing else.
import { posix } from 'node:path';
import ts from 'typescript';
import type { Problem } from './problem.ts';
import type { Tree } from './tree.ts';

export const limits = {
  /** Lines of `src` outside tests. */
  lines: 83_020,
  /** Lines of the serving module with all that it imports. */
  servingModule: 5_515,
  /** Files of the service that a `sign` passes through. */
  sign: 50,
} as const;

const SERVING_MODULE = 'src/module/main.ts';
const SOURCE = /^src\/.*\.ts$/;
const TEST = /\.(test|fixture|contract|property)\.ts$/;

export interface House {
  /** Lines outside tests, by room. */
  readonly rooms: ReadonlyMap<string, number>;
  readonly lines: number;
  /** Files that import each other, directly or not; each circle once. */
  readonly circles: readonly (readonly string[])[];
  /** Features that import each other, directly or not. */
  readonly loops: readonly (readonly string[])[];
  /** Lines of the serving module with all that it imports. */
  readonly servingModule: number;
}

export function measureHouse(tree: Tree): House {
  const files = tree.files.filter((file) => SOURCE.test(file) && !TEST.test(file));
  const imports = new Map(files.map((file) => [file, importsOf(tree, file)]));
  const rooms = new Map<string, number>();
  for (const file of files) rooms.set(roomOf(file), (rooms.get(roomOf(file)) ?? 0) + linesOf(tree, file));
  return {
    rooms,
    lines: sum(files.map((file) => linesOf(tree, file))),
    circles: circlesOf(imports),
    loops: circlesOf(betweenFeatures(imports)),
    servingModule: sum([...closureOf(imports, SERVING_MODULE)].map((file) => linesOf(tree, file))),
  };
}

export function judgeHouse({ lines, circles, loops, servingModule }: House): Problem[] {
  return [
    ...tooHeavy('src', 'src outside tests', lines, limits.lines),
    ...tooHeavy(SERVING_MODULE, 'the serving module with all that it imports', servingModule, limits.servingModule),
    ...[...circles, ...loops].map((circle) => ({
      file: circle[0] ?? 'src',
      what: `imports itself by way of ${circle.slice(1).join(', ')}`,
      fix: 'move what both need to a file below them, or pass it in as an argument',
    })),
  ];
}

/** @param way the files that a `sign` passes through */
export function judgeSignWay(way: readonly string[]): Problem[] {
  const fix = 'let nothing run there that has nothing to do with it';
  return way.length <= limits.sign
    ? []
    : [{ file: 'src', what: `a sign passes through ${way.length} files, ${limits.sign} at most`, fix }];
}

/** The figures as a table. @param sign files that a `sign` passes through */
export function houseTable({ rooms, lines, circles, loops, servingModule }: House, sign: number): string {
  const rows: readonly (readonly [string, number, number?])[] = [
    ...[...rooms].sort(([, a], [, b]) => b - a),
    ['src outside tests', lines, limits.lines],
    ['serving module', servingModule, limits.servingModule],
    ['files of a sign', sign, limits.sign],
    ['circles of files', circles.length, 0],
    ['loops of features', loops.length, 0],
  ];
  return rows
    .map(([what, count, limit]) => {
      const most = limit === undefined ? '' : `  (at most ${limit.toLocaleString('en')})`;
      return `    ${what.padEnd(20)}${count.toLocaleString('en').padStart(8)}${most}`;
    })
    .join('\n');
}

function tooHeavy(file: string, what: string, lines: number, limit: number): Problem[] {
  return lines <= limit
    ? []
    : [
        {
          file,
          what: `${what}: ${lines} lines, ${limit} at most`,
          fix: 'find what is there twice, or what nobody needs',
        },
      ];
}

function roomOf(file: string): string {
  return file.split('/')[1] ?? '';
}

function linesOf(tree: Tree, file: string): number {
  return tree.text(file).split('\n').length - 1;
}

/** What a file imports of `src`, types included: who reads one must know the other. */
function importsOf(tree: Tree, file: string): readonly string[] {
  return ts
    .preProcessFile(tree.text(file), true, true)
    .importedFiles.map(({ fileName }) => fileName)
    .filter((specifier) => specifier.startsWith('.'))
    .map((specifier) => posix.normalize(posix.join(posix.dirname(file), specifier)))
    .filter((target) => tree.has(target) && SOURCE.test(target));
}

function closureOf(imports: ReadonlyMap<string, readonly string[]>, entry: string): ReadonlySet<string> {
  const found = new Set<string>();
  const ahead = [entry];
  for (let file = ahead.pop(); file !== undefined; file = ahead.pop()) {
    if (found.has(file) || !imports.has(file)) continue;
    found.add(file);
    ahead.push(...(imports.get(file) ?? []));
  }
  return found;
}

function betweenFeatures(imports: ReadonlyMap<string, readonly string[]>): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, Set<string>>();
  for (const [file, targets] of imports) {
    const feature = featureOf(file);
    if (feature === undefined) continue;
    const others = found.get(feature) ?? new Set<string>();
    for (const target of targets.map(featureOf)) if (target !== undefined && target !== feature) others.add(target);
    found.set(feature, others);
  }
  return new Map([...found].map(([feature, others]) => [feature, [...others]]));
}

function featureOf(file: string): string | undefined {
  return /^src\/features\/[^/]+(?=\/)/.exec(file)?.[0];
}

/** The strongly connected components of more than one node (R. Tarjan, 1972). */
function circlesOf(edges: ReadonlyMap<string, readonly string[]>): readonly (readonly string[])[] {
  const index = new Map<string, number>();
  const low = new Map<string, number>();
  const stack: string[] = [];
  const circles: string[][] = [];
  const visit = (node: string): void => {
    index.set(node, index.size);
    low.set(node, index.size - 1);
    stack.push(node);
    for (const next of edges.get(node) ?? []) {
      if (!edges.has(next)) continue;
      if (!index.has(next)) visit(next);
      if (stack.includes(next)) low.set(node, Math.min(low.get(node) ?? 0, low.get(next) ?? 0));
    }
    if (low.get(node) !== index.get(node)) return;
    const circle = stack.splice(stack.indexOf(node));
    if (circle.length > 1) circles.push(circle);
  };
  for (const node of edges.keys()) if (!index.has(node)) visit(node);
  return circles;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}
