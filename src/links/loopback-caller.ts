// Which user, and which program, is at the other end of a TCP connection on loopback: Linux tells in /proc. It is the
// supervisor that looks, because the control process, which wants to know, cannot read /proc.
import { readdir, readFile, readlink } from 'node:fs/promises';
import { endianness } from 'node:os';
import type { LoopbackCaller } from './control-messages.ts';

export interface LoopbackEnd {
  readonly address: string;
  readonly port: number;
}

const ESTABLISHED = '01';
/** What a look at all processes may cost at most. */
const MAX_PROCESSES = 65_536;

/**
 * @param caller the other end of an accepted connection
 * @param server this end
 * @returns undefined when there is no such connection (any more), or no /proc
 */
export async function findLoopbackCaller(
  caller: LoopbackEnd,
  server: LoopbackEnd,
  withExecutable: boolean,
): Promise<LoopbackCaller | undefined> {
  const found = await findSocket(caller, server);
  if (found === undefined) return undefined;
  const { uid, inode } = found;
  if (!withExecutable) return { uid };
  const executables = await executablesWith(inode);
  // It must still be the same connection after the look: numbers of sockets are used again.
  const again = await findSocket(caller, server);
  if (again?.inode !== inode || again.uid !== uid) return undefined;
  return executables === undefined ? { uid } : { uid, executables };
}

async function findSocket(
  caller: LoopbackEnd,
  server: LoopbackEnd,
): Promise<{ readonly uid: number; readonly inode: string } | undefined> {
  const [from, to] = [hexAddress(caller.address), hexAddress(server.address)];
  if (from === undefined || to === undefined) return undefined;
  const mapped = (address: string): string =>
    `0000000000000000${endianness() === 'LE' ? 'FFFF0000' : '0000FFFF'}${address}`;
  const tables = [
    ['/proc/net/tcp', from, to],
    // A client may use an IPv6 socket for an IPv4 address.
    ['/proc/net/tcp6', mapped(from), mapped(to)],
  ] as const;
  for (const [table, local, remote] of tables) {
    const found = socketIn(await readOrNothing(table), end(local, caller.port), end(remote, server.port));
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Lines of /proc/net/tcp: `sl local rem st tx:rx tr:when retrnsmt uid timeout inode …`. */
export function socketIn(
  table: string,
  local: string,
  remote: string,
): { readonly uid: number; readonly inode: string } | undefined {
  for (const line of table.split('\n')) {
    const [, from, to, state, , , , uid, , inode] = line.trim().split(/\s+/);
    if (from !== local || to !== remote) continue;
    // One that its process has closed belongs to nobody: the kernel prints 0 for its user, and for its inode.
    if (state !== ESTABLISHED || inode === undefined || inode === '0' || uid === undefined) return undefined;
    return /^\d{1,10}$/.test(uid) ? { uid: Number(uid), inode } : undefined;
  }
  return undefined;
}

/** Programs of all processes that hold the socket; undefined when not all of them can be seen. */
async function executablesWith(inode: string): Promise<readonly string[] | undefined> {
  const wanted = `socket:[${inode}]`;
  const found = new Set<string>();
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).slice(0, MAX_PROCESSES);
  for (const pid of pids) {
    if (!(await holds(pid, wanted))) continue;
    try {
      const executable = await readlink(`/proc/${pid}/exe`);
      // The number may have become another process's between the two looks.
      if (await holds(pid, wanted)) found.add(executable);
    } catch {
      return undefined;
    }
  }
  return found.size === 0 ? undefined : [...found];
}

async function holds(pid: string, wanted: string): Promise<boolean> {
  try {
    for (const fd of await readdir(`/proc/${pid}/fd`)) {
      // Descriptors come and go while they are listed.
      if ((await readlink(`/proc/${pid}/fd/${fd}`).catch(() => '')) === wanted) return true;
    }
  } catch {
    // Another user's process, or one that has ended.
  }
  return false;
}

/** As the kernel prints it: the four bytes as one number of this machine. Undefined: not IPv4. */
function hexAddress(address: string): string | undefined {
  const match = /^(?:::ffff:)?(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(address);
  if (match === null) return undefined;
  const bytes = match.slice(1).map(Number);
  if (bytes.some((byte) => byte > 255)) return undefined;
  return Buffer.from(endianness() === 'LE' ? bytes.reverse() : bytes)
    .toString('hex')
    .toUpperCase();
}

function end(address: string, port: number): string {
  return `${address}:${port.toString(16).toUpperCase().padStart(4, '0')}`;
}

async function readOrNothing(path: string): Promise<string> {
  try {
    return await readFile(path, 'latin1');
  } catch {
    return '';
  }
}
