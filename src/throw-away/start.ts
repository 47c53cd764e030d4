// An instance to be thrown away: everything a real one is (recorder, service worker, module partitions, each a process of
// its own), in a folder that is wiped when it is disposed of. It listens on a Unix socket inside that folder and nowhere
// else, so whoever cannot read its files cannot reach it either.

import { join } from 'node:path';
import { places } from '../deployment/data-layout.ts';
import type { BackupPlace } from '../deployment/instance.ts';
import type { InstanceIdentity } from '../formats/instance-identity.ts';
import { logOrigin } from '../formats/log-origin.ts';
import { entryOf, type Room } from '../links/entry.ts';
import { startChild, type ThrowAwayChild } from './child.ts';
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
  readonly backupPlaces: readonly BackupPlace[];
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
