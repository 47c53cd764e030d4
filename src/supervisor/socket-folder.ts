// Where an instance's Unix socket is. Its path may have little more than 100 bytes, so a data directory that lies too deep
// gets a private folder in the system's temporary directory instead, which is remembered. The name cannot be guessed: the
// control process may connect to whatever it can name, but it can list no folder.
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { notedFolder, SOCKET_FOLDER_NOTE } from '../deployment/known-socket-folder.ts';
import { replaceFile } from '../files/durable-file.ts';
import { makePrivateFolder } from '../files/private-folder.ts';

/** `sun_path` has 108 bytes on Linux and 104 on macOS, terminator included. */
const LONGEST_PATH = 100;
const NAME_BYTES = 16;
const SOCKET = /^[\w-]{22}\.sock$/;
const LONGEST_NAME = `/${'x'.repeat(22)}.sock`;

/** @param run the instance's folder for things that live as long as its processes @returns a path nothing has listened on */
export async function newSocket(run: string): Promise<string> {
  const folder = await socketFolder(run);
  removeLeftOvers(folder);
  return join(folder, `${randomBytes(NAME_BYTES).toString('base64url')}.sock`);
}

async function socketFolder(run: string): Promise<string> {
  makePrivateFolder(run);
  if (Buffer.byteLength(run + LONGEST_NAME) <= LONGEST_PATH) return run;
  const kept = notedFolder(run);
  if (kept !== undefined) return kept;
  const made = mkdtempSync(join(tmpdir(), 'strongroom-'));
  await replaceFile(join(run, SOCKET_FOLDER_NOTE), made);
  return made;
}

/** Removes the sockets, and what was made for them outside of the data directory. */
export function removeSockets(run: string): void {
  removeLeftOvers(run);
  const kept = notedFolder(run);
  if (kept !== undefined) rmSync(kept, { recursive: true, force: true });
  rmSync(join(run, SOCKET_FOLDER_NOTE), { force: true });
}

function removeLeftOvers(folder: string): void {
  for (const name of readdirSync(folder)) if (SOCKET.test(name)) rmSync(join(folder, name), { force: true });
}
