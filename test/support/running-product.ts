// The product as shipped: `./strongroom start` as a child, with a data directory of its own, reached as its users reach
// it. Everything it started is gone when the test has ended, whatever happened in between.
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, watch } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { RunningState } from '../../src/deployment/running-state.ts';
import { killAll, treeOf } from './process-tree.ts';
import { copyReadyData } from './ready-data.ts';

export const CHECKOUT = fileURLToPath(new URL('../../', import.meta.url));
const PROGRAM = join(CHECKOUT, 'strongroom');
/** For machines that are slow and do other things: whoever waits this long has failed. */
const START_TIMEOUT_MS = 240_000;

export interface ProductOptions {
  /** A data directory that was used before; it is kept at the end. Absent: a fresh one, removed at the end. */
  readonly data?: string;
  /** With the instance `dev`, activated, and what else the demonstration leaves. */
  readonly demo?: boolean;
  /** The demonstration itself is run, by a first start; else its outcome may be a copy, in a data directory of this product's own. */
  readonly first?: boolean;
  /** The file for `--config`. */
  readonly config?: string;
  /** What to wait for instead of being ready. */
  readonly until?: (state: RunningState) => boolean;
  /** What its processes are disturbed by: for node, ahead of the entry, and in the environment. */
  readonly inside?: { readonly flags: readonly string[]; readonly variables: Readonly<Record<string, string>> };
}

export interface RunningProduct extends AsyncDisposable {
  readonly data: string;
  /** As it is now. */
  readonly state: RunningState;
  /** Certificate of its development authority, PEM. */
  readonly ca: string;
  /** What it has printed so far, and what its processes have logged. */
  readonly output: string;
  /** The launcher and all processes below it, parents first. */
  readonly pids: readonly number[];
  /** Resolves with the first state of which this holds, which may be the present one. */
  until(holds: (state: RunningState) => boolean): Promise<RunningState>;
  /** The environment of a shell that evaluated `strongroom env`; nothing of this process's own but its PATH. */
  environment(names?: 'azure' | 'local', format?: 'sh' | 'java'): Promise<Readonly<Record<string, string>>>;
  /** Stops it as Ctrl-C does and returns its exit code. */
  stop(): Promise<number | null>;
  /** Kills all processes at once, none the wiser. */
  kill(): Promise<void>;
}

export async function startProduct(options: ProductOptions = {}): Promise<RunningProduct> {
  const { data, demo = true, first: isFirst = data !== undefined, config, until, inside } = options;
  const own = data === undefined ? await mkdtemp(join(tmpdir(), 'strongroom-product-')) : undefined;
  const root = data ?? join(own ?? '', 'data');
  await mkdir(root, { recursive: true, mode: 0o700 });
  const readyFile = `${root}.ready`;
  await rm(readyFile, { force: true });
  const isReady = demo && !isFirst && (await copyReadyData(CHECKOUT, root, demonstrate));
  const args = ['start', '--data', root, '--port', '0', '--ready-file', readyFile];
  if (!demo || isReady) args.push('--no-demo');
  if (config !== undefined) args.push('--config', config);
  const [program, words] = inside === undefined ? [PROGRAM, args] : [process.execPath, launching(inside.flags, args)];
  const env = { ...productEnvironment(), ...inside?.variables };
  const child = spawn(program, words, { cwd: CHECKOUT, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      printed += text;
    });
  }
  // Not its exit: what it has printed last may be read only after that.
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  const kill = (): Promise<void> => killAll(treeOf(child.pid ?? 0));
  // Nothing may outlive a test run that is cut short.
  const emergency = (): void => {
    for (const pid of treeOf(child.pid ?? 0)) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It has ended by itself.
      }
    }
  };
  process.once('exit', emergency);
  const statePath = join(root, 'running.json');
  const stateOf = (holds: (state: RunningState) => boolean) => () => {
    const state = readState(statePath);
    return state !== undefined && holds(state) ? state : undefined;
  };
  const givenUp = new AbortController();
  try {
    await beforeEnd(
      child,
      ended,
      until === undefined
        ? untilFile(readyFile, () => existsSync(readyFile) || undefined, givenUp.signal)
        : untilFile(statePath, stateOf(until), givenUp.signal),
    );
  } catch (error) {
    givenUp.abort();
    await kill();
    throw new Error(`the product did not start: ${printed}`, { cause: error });
  }
  const first = readState(statePath);
  if (first === undefined) {
    await kill();
    throw new Error(`the product ended at once: ${printed}`);
  }
  let last = first;
  if (demo && last.instances['dev']?.activation !== 'Active') {
    await kill();
    throw new Error(`the instance 'dev' does not serve: ${printed}${readLogs(root)}`);
  }
  const ca = readFileSync(last.ca, 'utf8');
  return {
    data: root,
    get state() {
      last = readState(statePath) ?? last;
      return last;
    },
    ca,
    get output() {
      return printed + readLogs(root);
    },
    get pids() {
      return treeOf(child.pid ?? 0);
    },
    until: (holds) => untilFile(statePath, stateOf(holds)),
    environment: (names = 'azure', format = 'sh') => shellEnvironment(root, names, format),
    async stop() {
      child.kill('SIGTERM');
      return ended;
    },
    kill,
    async [Symbol.asyncDispose]() {
      process.removeListener('exit', emergency);
      const pids = treeOf(child.pid ?? 0);
      const stopped = child.exitCode !== null || child.signalCode !== null;
      if (!stopped) {
        child.kill('SIGTERM');
        const timer = setTimeout(() => void killAll(pids), 60_000);
        await ended;
        clearTimeout(timer);
      }
      await killAll(pids);
      await rm(readyFile, { force: true });
      if (own !== undefined) await rm(own, { recursive: true, force: true });
    },
  };
}

/** What `./strongroom` does with these words, and with flags for node. */
function launching(flags: readonly string[], words: readonly string[]): readonly string[] {
  return [join(CHECKOUT, 'scripts/run.mjs'), ...flags, 'src/cli/main.ts', ...words];
}

async function demonstrate(data: string): Promise<void> {
  await using product = await startProduct({ data });
  await product.stop();
}

/** Starts it and kills everything so many milliseconds later, whatever it has come to by then. */
export async function interruptStart(data: string, milliseconds: number): Promise<void> {
  const args = ['start', '--data', data, '--port', '0', '--no-demo'];
  const child = spawn(PROGRAM, args, { cwd: CHECKOUT, env: productEnvironment(), stdio: 'ignore' });
  await delay(milliseconds);
  await killAll(treeOf(child.pid ?? 0));
}

/** Of what a test runner's own environment holds, nothing may decide how the product or a client behaves. */
export function cleanEnvironment(): Record<string, string> {
  return { PATH: process.env['PATH'] ?? '/usr/bin:/bin', HOME: tmpdir(), LC_ALL: 'C.UTF-8' };
}

/** The same for `./strongroom`, which also finds its own sources compiled: what it hands to no process that it starts. */
export function productEnvironment(): Record<string, string> {
  const cache = process.env['NODE_COMPILE_CACHE'];
  return { ...cleanEnvironment(), ...(cache === undefined ? {} : { NODE_COMPILE_CACHE: cache }) };
}

async function beforeEnd(child: ChildProcess, ended: Promise<unknown>, ready: Promise<unknown>): Promise<void> {
  const failed = new Promise<never>((_, reject) => {
    child.once('error', reject);
    void ended.then(() => reject(new Error('it ended')));
  });
  failed.catch(() => undefined); // heard only while it starts
  await Promise.race([ready, failed]);
}

/** @returns undefined while there is none; it is renamed into place, and removed at the end */
function readState(path: string): RunningState | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as RunningState;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return undefined;
  }
}

/** Looks again at every change of the file's folder. */
function untilFile<T>(path: string, look: () => T | undefined, givenUp?: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const watcher = watch(dirname(path), check);
    const timer = setTimeout(() => done(() => reject(new Error(`nothing happened to ${path}`))), START_TIMEOUT_MS);
    const giveUp = (): void => done(() => reject(new Error('nobody waits any more')));
    givenUp?.addEventListener('abort', giveUp);
    function done(settle: () => void): void {
      clearTimeout(timer);
      givenUp?.removeEventListener('abort', giveUp);
      watcher.close();
      settle();
    }
    function check(): void {
      const found = look();
      if (found !== undefined) done(() => resolve(found));
    }
    check();
  });
}

async function shellEnvironment(root: string, names: string, format: string): Promise<Record<string, string>> {
  const script = 'set -e; lines=$("$0" env --data "$1" --names "$2" --format "$3"); eval "$lines"; env -0';
  const { stdout } = await promisify(execFile)('bash', ['-c', script, PROGRAM, root, names, format], {
    env: cleanEnvironment(),
    timeout: 240_000,
  });
  return Object.fromEntries(
    stdout
      .split('\0')
      .filter((line) => line !== '')
      .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  );
}

function readLogs(root: string): string {
  const folder = join(root, 'logs');
  if (!existsSync(folder)) return '';
  return readdirSync(folder)
    .map((name) => readFileSync(join(folder, name), 'utf8'))
    .join('\n');
}
