// One process of a throw-away instance. Not watched over like those of a real one: if it ends early, so does everything.
import type { Link } from '../links/link.ts';
import { activation, partitions, ready, recoverability } from '../links/messages.ts';
import { killGroup, type Program, spawnChild } from '../links/spawn-child.ts';

const READY_WITHIN_MS = 30_000;
const STOP_WITHIN_MS = 10_000;
const LAST_WORDS = 2_000;

export interface ThrowAwayChild extends AsyncDisposable {
  readonly pid: number;
  /** Resolves with the reason when it has ended without being told to. */
  readonly lost: Promise<string>;
}

/** Resolves when it serves. @throws Error with its last words */
export async function startChild(label: string, program: Program): Promise<ThrowAwayChild> {
  const { process: child, link } = spawnChild(program);
  let words = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => {
      words = (words + chunk.toString('utf8')).slice(-LAST_WORDS);
    });
    stream?.on('error', () => undefined); // shows as its end
  }
  const gone = new Promise<void>((resolve) => {
    child.once('error', () => resolve());
    child.once('exit', () => resolve());
  });
  let wanted = true;
  const ended = Promise.race([gone, link.closed]).then(
    () => `${label} ended early: ${words.trim() || 'without a word'}`,
  );
  await using cleaning = new AsyncDisposableStack();
  cleaning.defer(async () => {
    wanted = false;
    await stop(link, gone, () => killGroup(child));
  });
  await untilReady(label, link, ended);
  const owned = cleaning.move();
  return {
    pid: child.pid ?? 0,
    // Never, once it was told to end.
    lost: new Promise((resolve) => void ended.then((reason) => wanted && resolve(reason))),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

async function untilReady(label: string, link: Link, ended: Promise<string>): Promise<void> {
  const said = new Promise<undefined>((resolve) => link.on(ready, () => resolve(undefined)));
  link.on(activation, () => undefined);
  link.on(partitions, () => undefined);
  link.on(recoverability, () => undefined);
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<string>((resolve) => {
    timer = setTimeout(() => resolve(`${label} did not get ready within ${READY_WITHIN_MS / 1000} s`), READY_WITHIN_MS);
  });
  const problem = await Promise.race([said, ended, late]);
  clearTimeout(timer);
  if (problem !== undefined) throw new Error(problem);
}

async function stop(link: Link, gone: Promise<void>, kill: () => void): Promise<void> {
  link.end();
  const timer = setTimeout(kill, STOP_WITHIN_MS);
  await gone;
  clearTimeout(timer);
  await link[Symbol.asyncDispose]();
}
