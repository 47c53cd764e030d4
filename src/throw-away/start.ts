// An instance to be thrown away: everything a real one is (recorder, service worker, module partitions, each a process of
// its own), in a folder that is wiped when it is disposed of. It listens on a Unix socket inside that folder and nowhere
// else, so whoever cannot read its files cannot reach it either.

import { join } from 'node:path';
import type { AllowedBackupTarget } from '../deployment/backup-targets.ts';
import { places } from '../deployment/data-layout.ts';
import type { InstanceIdentity } from '../formats/instance-identity.ts';
import { logOrigin } from '../formats/log-origin.ts';
import { entryOf, type Room } from '../links/entry.ts';
import type { Link } from '../links/link.ts';
import { activation, partitions, ready, recoverability } from '../links/messages.ts';
import { killGroup, type Program, spawnChild } from '../links/spawn-child.ts';
import { makeThrowAwayFolder } from './folder.ts';
import { makeIdentity } from './identity.ts';

export interface ThrowAwayOptions {
  readonly name: string;
  /** Object id of its administrator: who holds the token, also once roles were restored that name them. */
  readonly administrator: string;
  /** Bytes that it will write. */
  readonly needs: number;
  readonly partitions: number;
  /** It may lie on a disk, where no memory has that much room. */
  readonly onDisk: boolean;
  /** Where it may read backups, and under which identity. */
  readonly backupTargetsFile: readonly AllowedBackupTarget[];
  readonly backupIdentity?: InstanceIdentity;
  readonly now: Date;
}

export interface ThrowAwayInstance extends AsyncDisposable {
  readonly folder: string;
  readonly socketPath: string;
  readonly authority: string;
  readonly ca: string;
  readonly token: string;
  readonly pids: readonly number[];
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
  const start = async (label: string, room: Room, args: readonly string[]): Promise<ThrowAwayChild> =>
    stack.use(await startChild(label, { entry: entryOf(room), args }));
  const recorder = await start('the recorder', 'recorder', [
    ...['--folder', place.audit, '--socket', recorderSocket],
    ...['--origin', logOrigin(config.id)],
  ]);
  const service = await start('the service', 'service', [
    ...['--instance', place.root, '--socket', recorderSocket, '--port', '0', '--listen', socketPath],
    ...['--partitions', String(options.partitions), '--worker', '0'],
  ]);
  const owned = stack.move();
  return {
    folder,
    socketPath,
    authority,
    ca,
    token,
    pids: [recorder.pid, service.pid],
    lost: Promise.race([recorder.lost, service.lost]),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

const READY_WITHIN_MS = 30_000;
const STOP_WITHIN_MS = 10_000;
const LAST_WORDS = 2_000;

/** One process of it. Not watched over like those of a real one: if it ends early, so does everything. */
interface ThrowAwayChild extends AsyncDisposable {
  readonly pid: number;
  /** Resolves with the reason when it has ended without being told to. */
  readonly lost: Promise<string>;
}

/** Resolves when it serves. @throws Error with its last words */
async function startChild(label: string, program: Program): Promise<ThrowAwayChild> {
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
