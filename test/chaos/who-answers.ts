// Which process has the other end of a connection of ours, by what the system knows of sockets (Linux's /proc): workers share a port, and
// a look at all of them is one at each.
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** @param ours our port @param theirs the port that it is connected to @returns undefined: none of them, or no longer */
export function whoAnswers(ours: number, theirs: number, pids: readonly number[]): number | undefined {
  const inode = inodeOf(theirs, ours);
  return inode === undefined ? undefined : pids.find((pid) => hasSocket(pid, inode));
}

function inodeOf(local: number, remote: number): string | undefined {
  for (const table of ['/proc/net/tcp', '/proc/net/tcp6']) {
    for (const line of readFileSync(table, 'utf8').split('\n').slice(1)) {
      const [, from = '', to = '', , , , , , , inode] = line.trim().split(/\s+/);
      if (portOf(from) === local && portOf(to) === remote && inode !== '0') return inode;
    }
  }
  return undefined;
}

function portOf(end: string): number {
  return Number.parseInt(end.slice(end.lastIndexOf(':') + 1), 16);
}

function hasSocket(pid: number, inode: string): boolean {
  const folder = `/proc/${pid}/fd`;
  try {
    return readdirSync(folder).some((fd) => linkOf(`${folder}/${fd}`) === `socket:[${inode}]`);
  } catch {
    return false; // it has ended
  }
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return ''; // closed meanwhile
  }
}
