// Where a sink of the kind `file` writes: to one file, in a folder that is there, and to none that the service keeps. The watcher may
// write whatever is named, so a folder, or what its permissions take for more than one file, is none.
import { lstatSync, realpathSync, type Stats, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { SinkConfig } from '../sinks.ts';
import { ConfigError } from '../start-config.ts';
import { checkPrivate } from './check-files.ts';
import { checkWay } from './check-way.ts';

/** In both profiles. @param root of the data directory @throws ConfigError */
export function checkSinkPaths(sinks: readonly SinkConfig[], root: string): void {
  const own = realpathSync(root);
  for (const [path, member] of pathsOf(sinks)) {
    requireFile(path, member);
    if (`${join(realpathSync(dirname(path)), basename(path))}/`.startsWith(`${own}/`)) {
      throw new ConfigError(
        `${member}: ${path} is in the data directory, which is the service's: name a file elsewhere`,
      );
    }
  }
}

/** What is there already is ours, and nobody else can put something else there, or read it. @throws ConfigError */
export function checkSinkFiles(sinks: readonly SinkConfig[]): void {
  for (const [path, member] of pathsOf(sinks)) {
    const { folder, file } = requireFile(path, member);
    if ((folder.mode & WRITTEN_BY_OTHERS) !== 0) {
      const at = dirname(path);
      throw new ConfigError(`${member}: others may make files in ${at}: chmod go-w '${at}', or name another folder`);
    }
    if (file !== undefined) checkPrivate(path, member, 'has the log');
    try {
      checkWay(file === undefined ? dirname(path) : path, `where ${member} leads`);
    } catch (cause) {
      if (!(cause instanceof ConfigError)) throw cause;
      // A folder of the system, such as /var/log on Ubuntu, is to stay as it is.
      throw new ConfigError(`${cause.message}, or name a file elsewhere, such as in /var/lib/strongroom-sinks`, {
        cause,
      });
    }
  }
}

const WRITTEN_BY_OTHERS = 0o022;

function pathsOf(sinks: readonly SinkConfig[]): readonly (readonly [path: string, member: string])[] {
  return sinks.flatMap((sink, at) => (sink.kind === 'file' ? [[sink.path, `sinks[${at}].path`] as const] : []));
}

function requireFile(path: string, member: string): { readonly folder: Stats; readonly file: Stats | undefined } {
  const at = dirname(path);
  if (/\*|\/$/.test(path)) throw new ConfigError(`${member}: ${path} is not the name of one file: name one`);
  try {
    const folder = statSync(at, { throwIfNoEntry: false });
    if (folder?.isDirectory() !== true)
      throw new ConfigError(`${member}: there is no folder ${at}: make it, or name another`);
    const file = lstatSync(path, { throwIfNoEntry: false });
    if (file?.isFile() === false)
      throw new ConfigError(`${member}: ${path} is ${file.isDirectory() ? 'a folder' : 'no plain file'}: name a file`);
    return { folder, file };
  } catch (cause) {
    if (cause instanceof ConfigError) throw cause;
    throw new ConfigError(`${member}: ${(cause as Error).message}; name a file that this user can reach`, { cause });
  }
}
