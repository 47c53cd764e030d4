// Starts one child process on the Node that runs us, with nothing of our environment but where compiled sources are kept, no core
// dumps, no standard input, and a supervision link on file descriptor 3.
import { type ChildProcess, spawn } from 'node:child_process';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { MAY_COLLECT } from './at-rest.ts';
import { Link } from './link.ts';

export interface Program {
  /** For node itself. */
  readonly flags?: readonly string[];
  readonly entry: string;
  readonly args: readonly string[];
  /** Others that wake it go on until they wait themselves, where the system can do that. */
  readonly yields?: true;
  /** All others come first: what it does can wait. */
  readonly comesLast?: true;
}

export interface SpawnedChild {
  readonly process: ChildProcess;
  readonly link: Link;
  /** Resolves when it has ended; with the reason when it could not even be started. */
  readonly gone: Promise<Error | undefined>;
}

/**
 * Node strips types with a program in WebAssembly. To compile that a second time, better, costs more than it saves: 80 ms of
 * processor time and 14 MiB. Nothing else of ours is WebAssembly.
 */
export const LIGHT_TYPES = '--liftoff-only';

/** @param said what it prints */
export function spawnChild(program: Program, said: (chunk: Buffer) => void = () => {}): SpawnedChild {
  const node = [
    process.execPath,
    '--disable-warning=ExperimentalWarning',
    // Any process of the same user can send the signal that opens a debugger, and with it the process.
    '--disable-sigusr1',
    LIGHT_TYPES,
    MAY_COLLECT,
    ...(program.flags ?? []),
    program.entry,
    ...program.args,
  ];
  // A core file would hold what the process knew. The shell sets the limit and becomes the program, same pid.
  const script = `ulimit -c 0 || exit; ${program.yields === true ? YIELDS : ''}${program.comesLast === true ? COMES_LAST : ''}exec "$@"`;
  const child = spawn('/bin/sh', ['-c', script, 'sh', ...node], {
    cwd: '/',
    env: compiledSources(program.flags),
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    // Its own process group: Ctrl-C in the terminal reaches the supervisor only, which stops children in order.
    detached: true,
  });
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', said);
    stream?.on('error', () => {}); // a broken pipe shows as the exit of the child
  }
  const gone = new Promise<Error | undefined>((resolve) => {
    child.once('error', resolve);
    child.once('exit', () => resolve(undefined));
  });
  return { process: child, link: new Link(child.stdio[3] as Socket), gone };
}

/**
 * Linux lets whoever is woken interrupt the one that woke it, which has cold caches when it goes on: a service worker that writes to
 * others many times a turn did 7 % less. The policy is for the shell, which becomes the program.
 */
const YIELDS = '/usr/bin/chrt -b -p 0 $$ </dev/null >/dev/null 2>&1; ';

/**
 * With `sched_autogroup` Linux shares the processor among sessions, of which each child is one, and its own priority counts in there
 * alone: what counts is that of the session. Where there is none, that of the process does (`setPriority`). Not the lowest, 19: then who asks
 * for its health waits ten times as long on a machine that is full.
 */
const COMES_LAST = '{ echo 10 >/proc/self/autogroup; } 2>/dev/null; ';

/** Beside the sources: who can write there could change them as well. */
const CACHES = fileURLToPath(new URL('../../node_modules/.cache/', import.meta.url));

/**
 * Who is confined reads the sources alone: what another process wrote is nothing to run. The others are told of a folder beside the
 * sources, and of none that our environment names elsewhere.
 */
export function compiledSources(flags: readonly string[] = []): NodeJS.ProcessEnv {
  const { NODE_COMPILE_CACHE = '' } = process.env;
  const isOurs = join(NODE_COMPILE_CACHE, '/').startsWith(CACHES);
  return isOurs && !flags.includes('--permission') ? { NODE_COMPILE_CACHE } : {};
}

/** Ends a child and whatever it started, at once. */
export function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    child.kill('SIGKILL'); // the group is gone already, or was never made
  }
}
