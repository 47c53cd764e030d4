// What a run took of the processors, told file by file as each test process ends (`report-cpu-time.ts`). Not wall time: a
// machine that does other things makes that longer, and this hardly. Of Linux alone, whose /proc also counts children.
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Ticks, ticksOf } from './ticks.ts';

/** For programs, on every architecture. */
const TICKS_PER_SECOND = 100;
/** Files that a table names. */
const MOST = 40;
const SHARED = 'files that share a process';

interface Told extends Ticks {
  readonly file: string;
}

export interface CpuTimes extends AsyncDisposable {
  /** For node, before a test file. */
  readonly flags: readonly string[];
  readonly variables: Readonly<NodeJS.ProcessEnv>;
  /** What was told of so far, and what processes that serve all files have taken. */
  read(root: string, others: Readonly<Record<string, number>>): Promise<readonly Told[]>;
}

export async function cpuTimes(): Promise<CpuTimes> {
  const folder = await mkdtemp(join(tmpdir(), 'strongroom-test-times-'));
  const path = join(folder, 'times');
  return {
    flags: existsSync('/proc/self/stat') ? ['--import', import.meta.resolve('./report-cpu-time.ts')] : [],
    variables: { STRONGROOM_TEST_TIMES: path, STRONGROOM_TEST_RUNNER: String(process.pid) },
    async read(root, others) {
      if (!existsSync(path)) return [];
      const serving = Object.entries(others).map(([file, pid]) => ({ file, ...ticksOf(pid) }));
      const lines = (await readFile(path, 'utf8')).trimEnd().split('\n');
      return [
        ...serving,
        ...lines
          .map((line) => JSON.parse(line) as Told)
          .map((told) => ({ ...told, file: told.file.startsWith(root) ? told.file.slice(root.length + 1) : SHARED })),
      ];
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

export function secondsOf(times: readonly Told[]): number {
  return times.reduce((sum, { own, children }) => sum + own + children, 0) / TICKS_PER_SECOND;
}

/** Folders, then the files that took most. */
export function tableOf(times: readonly Told[]): string {
  const rows = (of: Iterable<readonly [string, readonly Told[]]>): readonly string[] =>
    [...of]
      .map(([name, each]) => ({
        name,
        all: secondsOf(each),
        children: secondsOf(each.map((told) => ({ ...told, own: 0 }))),
      }))
      .sort((a, b) => b.all - a.all)
      .map(({ name, all, children }) => `${all.toFixed(1).padStart(8)}${children.toFixed(1).padStart(8)}  ${name}\n`);
  return [
    'CPU-seconds, and those of them that are of started processes\n',
    ...rows(Map.groupBy(times, ({ file }) => /^(test\/[^/]+|[^/]+)\//.exec(file)?.[1] ?? file)),
    '\n',
    ...rows(Map.groupBy(times, ({ file }) => file)).slice(0, MOST),
  ].join('');
}
