// An instance to be thrown away: everything a real one is (recorder, service worker, module partitions, each a process of
// its own), in a folder that is wiped when it is disposed of. It listens on a Unix socket inside that folder and nowhere
// else, so whoever cannot read its files cannot reach it either.

import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { places } from '../deployment/data-layout.ts';
import { logOrigin } from '../formats/log-origin.ts';
import { entryOf, type Room } from '../links/entry.ts';
import { activation, condition, indexWanted, partitions, recoverability } from '../links/instance-messages.ts';
import { ready } from '../links/messages.ts';
import { killGroup, type Program, type SpawnedChild, spawnChild } from '../links/spawn-child.ts';
import { makeThrowAwayFolder } from './folder.ts';
import { makeIdentity, type ThrowAwayIdentity, type ThrowAwayOptions } from './identity.ts';

export interface ThrowAwayInstance extends AsyncDisposable {
  /** For whoever uses it. */
  readonly reached: Pick<ThrowAwayIdentity, 'authority' | 'ca' | 'token'> & {
    readonly folder: string;
    readonly socketPath: string;
    readonly pids: readonly number[];
  };
  /** Resolves with the reason when one of its processes has ended by itself. */
  readonly lost: Promise<string>;
}

/** Resolves when it serves, blank: its module is provisioned and has no security domain. */
export async function startThrowAway(options: ThrowAwayOptions): Promise<ThrowAwayInstance> {
  await using stack = new AsyncDisposableStack();
  const { path: folder } = stack.use(makeThrowAwayFolder(options));
  const place = places(folder).instance(options.name);
  const { config, authority, ca, token } = await makeIdentity(options, place);
  const recorderSocket = join(folder, 'recorder.sock');
  const socketPath = join(folder, 'service.sock');
  const start = (label: string, room: Room, args: readonly string[]): Promise<ThrowAwayChild> =>
    startChild(label, { entry: entryOf(room), args }, stack);
  const recorder = await start('the recorder', 'recorder', [
    ...['--folder', place.audit, '--socket', recorderSocket],
    ...['--origin', logOrigin(config.id)],
  ]);
  const service = await start('the service', 'service', [
    ...['--instance', place.root, '--socket', recorderSocket, '--port', '0', '--listen', socketPath],
    ...['--partitions', String(availableParallelism()), '--worker', '0'],
  ]);
  const owned = stack.move();
  return {
    reached: { socketPath, authority, ca, token, folder, pids: [recorder.pid, service.pid] },
    lost: Promise.race([recorder.lost, service.lost]),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

const READY_WITHIN_MS = 30_000;
const STOP_WITHIN_MS = 10_000;
const LAST_WORDS = 2_000;

/** One process of it. Not watched over like those of a real one: if it ends early, so does everything. */
interface ThrowAwayChild {
  readonly pid: number;
  /** Resolves with the reason when it has ended without being told to. */
  readonly lost: Promise<string>;
}

/** Resolves when it serves; ended with the stack. @throws Error with its last words */
async function startChild(label: string, program: Program, stack: AsyncDisposableStack): Promise<ThrowAwayChild> {
  let words = '';
  const spawned = spawnChild(program, (chunk) => {
    words = (words + chunk.toString('utf8')).slice(-LAST_WORDS);
  });
  let wanted = true;
  stack.defer(async () => {
    wanted = false;
    await stop(spawned);
  });
  const ended = Promise.race([spawned.gone, spawned.link.closed]).then(
    () => `${label} ended early: ${words.trim() || 'without a word'}`,
  );
  await untilReady(label, spawned, ended);
  return {
    pid: spawned.process.pid ?? 0,
    // Never, once it was told to end.
    lost: new Promise((resolve) => void ended.then((reason) => wanted && resolve(reason))),
  };
}

async function untilReady(label: string, { link }: SpawnedChild, ended: Promise<string>): Promise<void> {
  const said = new Promise<undefined>((resolve) => link.on(ready, () => resolve(undefined)));
  for (const told of [activation, condition, indexWanted, partitions, recoverability] as const)
    link.on<unknown>(told, () => undefined);
  const late = `${label} did not get ready within ${READY_WITHIN_MS / 1000} s`;
  const problem = await Promise.race([said, ended, delay(READY_WITHIN_MS, late, { ref: false })]);
  if (problem !== undefined) throw new Error(problem);
}

async function stop({ process: child, link, gone }: SpawnedChild): Promise<void> {
  link.end();
  const timer = setTimeout(() => killGroup(child), STOP_WITHIN_MS);
  await gone;
  clearTimeout(timer);
  await link[Symbol.asyncDispose]();
}
