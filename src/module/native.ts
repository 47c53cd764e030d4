// What the module binds of the operating system, while its program loads: POSIX fsync, as Node's permission model refuses its
// own even for files that it permits, and without it neither a file's content nor its name is sure to survive a power cut;
// and flock, the one lock that a process which dies in the middle does not keep.
import { createRequire } from 'node:module';

// Through require, not import: the bindings of an import could never be taken away again.
const require = createRequire(import.meta.url);
const koffi = require('koffi') as typeof import('koffi');
const system = koffi.load(null);
const nativeFsync = system.func('int fsync(int fd)');
const nativeFlock = system.func('int flock(int fd, int operation)');
const EXCLUSIVE = 2;

export class NativeError extends Error {
  override readonly name = 'NativeError';
}

/** @param fd an open file or folder */
export function fsync(fd: number): void {
  check(nativeFsync(fd), 'the disk did not take it');
}

/** The same on a thread of the pool. */
export async function fsyncLater(fd: number): Promise<void> {
  const result = await new Promise<unknown>((resolve, reject) => {
    nativeFsync.async(fd, (error: unknown, value: unknown) => (error ? reject(error as Error) : resolve(value)));
  });
  check(result, 'the disk did not take it');
}

/** Waits for the lock of an open file, which closing it gives back. */
export function lockExclusively(fd: number): void {
  check(nativeFlock(fd, EXCLUSIVE), 'the lock of the module cannot be had');
}

function check(result: unknown, what: string): void {
  if (result !== 0) throw new NativeError(what);
}

/**
 * Takes the loader away: after this no code of this process can reach another library, or another function of one that is
 * bound (its handle is held by closures alone).
 */
export function forbidFurtherBinding(): void {
  const refuse = (): never => {
    throw new NativeError('native code is closed');
  };
  // koffi's own object and the add-on's lie in the cache of require, each with every function.
  for (const [path, cached] of Object.entries(require.cache)) {
    if (cached === undefined || !path.includes('koffi')) continue;
    const members = cached.exports as Record<string, unknown>;
    for (const [name, { writable }] of Object.entries(Object.getOwnPropertyDescriptors(members))) {
      // `default` is read-only and names the add-on's own object, which has its own place in the cache.
      if (writable === true) members[name] = refuse;
    }
    Object.freeze(members);
    delete require.cache[path];
  }
  for (const name of ['load', 'call', 'decode', 'encode', 'view'] as const) {
    if ((koffi[name] as unknown) !== refuse) throw new NativeError('native code does not close');
  }
}
