// Which test files share a process: those that touch nothing of it, as their text shows. A process for each file costs more
// than most of them take. All others, and what is in doubt, have a process of their own.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/**
 * Hooks around each test, outside any suite, would be around those of all files; those before and after all are as good for several. The
 * rest is seen by others, takes time of its own, or leaves something running.
 */
const OF_ITS_OWN =
  /^(?:await )?(?:beforeEach|afterEach)\(|^await |process\.|\bmock\b|\bset(?:Timeout|Interval)\b|child_process|spawn|fork\(|Worker|listen\(|startRunning|globalThis|umask|skipUnless|performance\./m;
const TOGETHER = 40;

export interface Processes extends AsyncDisposable {
  /** What to run, each in a process: test files, and files that import several of them. */
  readonly entries: readonly string[];
}

export function mayShare(text: string): boolean {
  return !OF_ITS_OWN.test(text);
}

/** @param text reads a test file of the plan */
export async function processesFor(
  root: string,
  files: readonly string[],
  text: (file: string) => string,
): Promise<Processes> {
  const shared = files.filter((file) => !file.startsWith('test/') && mayShare(text(file)));
  const own = files.filter((file) => !shared.includes(file)).map((file) => join(root, file));
  if (shared.length < 2) {
    return { entries: files.map((file) => join(root, file)), [Symbol.asyncDispose]: async () => {} };
  }
  const folder = await mkdtemp(join(tmpdir(), 'strongroom-shared-tests-'));
  const entries: string[] = [];
  for (let start = 0; start < shared.length; start += TOGETHER) {
    const entry = join(folder, `${entries.length + 1}.test.mjs`);
    const imports = shared
      .slice(start, start + TOGETHER)
      .map((file) => `import ${JSON.stringify(pathToFileURL(join(root, file)).href)};\n`);
    await writeFile(entry, imports.join(''), { mode: 0o600 });
    entries.push(entry);
  }
  return {
    entries: [...own, ...entries],
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}
