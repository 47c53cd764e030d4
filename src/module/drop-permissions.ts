// What the start flags leave open for loading libcrypto is closed here once it is loaded: add-ons, and reading any file
// outside the module's folder. The permission model keeps everything else shut from the start.
import { syncBuiltinESMExports } from 'node:module';
import process from 'node:process';

export interface Permission {
  has(scope: string, reference?: string): boolean;
  drop(scope: string, reference?: string): void;
}

const NEVER = ['addon', 'child', 'worker', 'net', 'inspector', 'wasi', 'ffi'];

/**
 * The permissions must be at their least before the first frame is read.
 * @param programPaths what was readable only so that the program could load, exactly as granted
 * @throws when a door does not shut
 */
export function dropPermissions(folder: string, programPaths: readonly string[]): void {
  // Absent without --permission, whatever the types say.
  const permission = process.permission as Permission | undefined;
  if (permission === undefined) throw new Error('the module runs under the permission model only');
  permission.drop('addon');
  for (const path of programPaths) permission.drop('fs.read', path);
  process.dlopen = () => {
    throw new Error('native code is closed');
  };
  syncBuiltinESMExports();
  const open = NEVER.filter((scope) => permission.has(scope));
  if (open.length > 0) throw new Error(`the module must not have ${open.join(', ')}`);
  if (programPaths.some((path) => permission.has('fs.read', path))) throw new Error('the program is still readable');
  if (!permission.has('fs.read', folder) || !permission.has('fs.write', folder)) {
    throw new Error('the module cannot reach its folder');
  }
}
