// The folder of a throw-away instance: fresh, entered by its owner only, in memory unless a disk was allowed, and wiped at
// the end. One whose owner was killed is known by its name and by a lock that nobody holds, and wiped by the next.
import { lstatSync, mkdtempSync, readdirSync, renameSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { takeDataLock } from '../files/data-lock.ts';
import { overwriteFile } from '../files/destroy-folder.ts';
import { entriesBelow } from '../files/entries-below.ts';

const PREFIX = 'strongroom-throw-away-';
/** Of one that is just being made, with nothing in it but its lock. */
const MAKING_PREFIX = 'strongroom-making-';
/** Never written to a disk, unless the system swaps. */
const MEMORY = '/dev/shm';
/** What `statfs` says of file systems that are memory: tmpfs and ramfs (linux/magic.h). */
const MEMORY_TYPES: ReadonlySet<number> = new Set([0x01021994, 0x858458f6]);
/** After this time it is not being made any more. */
const MAKING_MS = 60_000;

export interface ThrowAwayFolder extends Disposable {
  readonly path: string;
}

export interface Base {
  readonly path: string;
  readonly inMemory: boolean;
  readonly free: number;
}

export interface Wanted {
  /** Bytes that will be written. */
  readonly needs: number;
  readonly onDisk: boolean;
}

/** @throws Error when no place has that much room */
export function makeThrowAwayFolder(wanted: Wanted, among = bases()): ThrowAwayFolder {
  const base = chooseBase(among.map(describe), wanted);
  const { path, lock } = makeLocked(base);
  return {
    path,
    [Symbol.dispose]() {
      wipe(path);
      lock[Symbol.dispose]();
      removeWiped(path);
    },
  };
}

/** It gets the name that others look for only once it is held: until then nobody who clears up can take it. */
function makeLocked(base: string): { readonly path: string; readonly lock: Disposable } {
  const making = mkdtempSync(join(base, MAKING_PREFIX)); // made 0700
  const lock = takeDataLock(making);
  if (lock === undefined) throw new Error(`${making} was taken by another process`);
  const path = join(base, PREFIX + making.slice(-6));
  renameSync(making, path);
  return { path, lock };
}

/**
 * What was overwritten on a disk may still be found there, so a disk is taken only by those who said so.
 * @throws Error naming the way out
 */
export function chooseBase(found: readonly Base[], { needs, onDisk }: Wanted): string {
  const roomy = found.filter(({ free }) => free >= needs);
  const base = roomy.find(({ inMemory }) => inMemory) ?? (onDisk ? roomy[0] : undefined);
  if (base !== undefined) return base.path;
  const looked = found.map(({ path, inMemory }) => `${path} (${inMemory ? 'memory' : 'a disk'})`).join(' and ');
  const need = `${Math.ceil(needs / 2 ** 20)} MiB`;
  throw new Error(
    onDisk
      ? `neither memory nor disk has ${need} free, of ${looked}: make room, or set TMPDIR to a folder that has it`
      : `there is no file system in memory with ${need} free, of ${looked}: enlarge /dev/shm, or set TMPDIR to a folder on a tmpfs. ` +
          'With --on-disk the throw-away instance, root keys included, is written to a disk and overwritten at the end, which not every disk obeys',
  );
}

/** Wipes what was left by processes that were killed. @returns the folders that are gone now */
export function removeLeftovers(now: number, among = bases()): readonly string[] {
  return among.flatMap((base) =>
    readdirSync(base)
      .filter((name) => name.startsWith(PREFIX) || name.startsWith(MAKING_PREFIX))
      .map((name) => join(base, name))
      .filter((path) => isLeftover(path, now) && remove(path)),
  );
}

/** Tests have others. */
function bases(): readonly string[] {
  return [MEMORY, tmpdir()].filter((base) => {
    try {
      return lstatSync(base).isDirectory();
    } catch {
      return false; // this system has none
    }
  });
}

function describe(path: string): Base {
  const { bavail, bsize, type } = statfsSync(path);
  return { path, inMemory: MEMORY_TYPES.has(type), free: bavail * bsize };
}

/** Anyone may make such a name where we look: only a folder of ours that nobody else can enter is touched. */
function isLeftover(path: string, now: number): boolean {
  try {
    const { mode, uid, mtimeMs } = lstatSync(path);
    const isOurs = (mode & 0o170077) === 0o040000 && uid === process.getuid?.();
    if (!isOurs) return false;
    return !basename(path).startsWith(MAKING_PREFIX) || now - mtimeMs > MAKING_MS;
  } catch {
    return false; // its owner was quicker
  }
}

/** @returns false when its owner still runs */
function remove(path: string): boolean {
  try {
    using lock = takeDataLock(path);
    if (lock === undefined) return false;
    wipe(path);
  } catch {
    return false; // its owner, or another one who clears up, was quicker
  }
  removeWiped(path);
  return true;
}

/** Another one who clears up may look at it now, and leave its own lock and pid in it for a moment. */
function removeWiped(path: string): void {
  rmSync(path, { recursive: true, force: true, maxRetries: 10 });
}

/** Overwrites the secrets, then removes everything but the lock. */
function wipe(root: string): void {
  for (const entry of entriesBelow(root)) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isFile() && isSecret(path)) overwriteFile(path);
  }
  for (const name of readdirSync(root)) {
    if (!name.startsWith('lock')) rmSync(join(root, name), { recursive: true, force: true, maxRetries: 5 });
  }
}

/** What the module sealed lies beside the key of its seal; the TLS key; and addresses of receivers. */
function isSecret(path: string): boolean {
  return /\/(module|tls|watch)\/|\/config\.json$/.test(path);
}
