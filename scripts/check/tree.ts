// The files of the repository as the checks see them: read once, paths with forward slashes from the root.
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';

const SKIPPED = new Set(['node_modules', '.git', 'data', '.npm', 'bench-results']);

export interface Tree {
  /** All files, sorted. */
  readonly files: readonly string[];
  has(path: string): boolean;
  /** Text of a file; throws when there is none. */
  text(path: string): string;
}

export function readTree(root: string): Tree {
  const files = [...walk(root)].map((path) => relative(root, path).split(sep).join('/')).sort();
  return treeOf(files, (path) => readFileSync(join(root, path), 'utf8'));
}

/** A tree from memory, for the checks' own tests. */
export function fakeTree(contents: Readonly<Record<string, string>>): Tree {
  return treeOf(Object.keys(contents).sort(), (path) => {
    const text = contents[path];
    if (text === undefined) throw new Error(`no file ${path}`);
    return text;
  });
}

function treeOf(files: readonly string[], read: (path: string) => string): Tree {
  const known = new Set(files);
  const texts = new Map<string, string>();
  return {
    files,
    has: (path) => known.has(path),
    text(path) {
      const text = texts.get(path) ?? read(path);
      texts.set(path, text);
      return text;
    },
  };
}

function* walk(folder: string): Generator<string> {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      if (!SKIPPED.has(entry.name)) yield* walk(path);
    } else if (entry.isFile()) yield path;
  }
}
