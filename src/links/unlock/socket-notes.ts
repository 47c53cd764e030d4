// Which Unix sockets are those of an instance's workers: those that a note beside them names. Node's permission model keeps the
// control process from making files, but it may bind a socket wherever it likes: one that looks like a worker's, in the hope of
// a passphrase, has no note.
import { lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { replaceFileSync } from '../../files/durable-file-sync.ts';

const NOTE = /^unlock(\d{1,3})\.at$/;
const SOCKET = /^unlock(\d{1,3})-[\w-]{12}\.sock$/;

/** To be called once the socket is listened on. @returns path of the note, which goes with the socket */
export function noteSocket(folder: string, worker: number, socket: string): string {
  const note = join(folder, `unlock${worker}.at`);
  // In place of whatever has taken the name.
  replaceFileSync(note, socket);
  return note;
}

/** Paths of the sockets of an instance's workers, the first worker's first. */
export function unlockSockets(folder: string): readonly string[] {
  let names: readonly string[];
  try {
    names = readdirSync(folder);
  } catch {
    return []; // it has never run
  }
  return names
    .flatMap((name) => {
      const worker = NOTE.exec(name)?.[1];
      const socket = worker === undefined ? undefined : noted(join(folder, name));
      return socket === undefined || SOCKET.exec(socket)?.[1] !== worker ? [] : [{ worker: Number(worker), socket }];
    })
    .sort((a, b) => a.worker - b.worker)
    .map(({ socket }) => join(folder, socket));
}

function noted(path: string): string | undefined {
  try {
    return lstatSync(path).isFile() ? readFileSync(path, 'utf8') : undefined;
  } catch {
    return undefined; // its worker has just ended
  }
}
