// Folders of throw-away instances on this machine, told apart by who holds them: other tests may have some at the same time.
import { existsSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lockHolder } from '../../src/files/data-lock.ts';
import { parentOf } from './process-tree.ts';

const THROW_AWAY = /strongroom-throw-away-\w{6}$/;

/** Those that nobody holds, or only a process whose own parent has ended. */
export function leftFolders(): readonly string[] {
  return folders()
    .filter(([, holder]) => holder === undefined || parentOf(holder) === 1)
    .map(([path]) => path);
}

/** Those held by one of these processes. */
export function foldersOf(pids: readonly number[]): readonly string[] {
  return folders()
    .filter(([, holder]) => holder !== undefined && pids.includes(holder))
    .map(([path]) => path);
}

function folders(): readonly (readonly [path: string, holder: number | undefined])[] {
  return ['/dev/shm', tmpdir()]
    .flatMap((base) => readdirSync(base).map((name) => join(base, name)))
    .filter((path) => THROW_AWAY.test(path) && existsSync(join(path, 'supervisor.pid')))
    .flatMap((path) => {
      try {
        return [[path, lockHolder(path)] as const];
      } catch {
        return []; // removed meanwhile
      }
    });
}
