// What the identity commands have in common: a managed identity by its name, a Unix user by name or number, a program by path.
import { execFile } from 'node:child_process';
import { existsSync, realpathSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { promisify } from 'node:util';
import type { Directory, ManagedIdentity } from '../../../control/directory/directory.ts';
import { readDirectoryFile } from '../../../control/directory/directory-file.ts';
import { productionFile } from '../../../deployment/production-file.ts';
import { CommandError, UsageError } from '../../command.ts';

/** @throws CommandError */
export async function directoryOf(folder: string): Promise<Directory> {
  if (existsSync(productionFile(dirname(folder)))) {
    throw new CommandError(
      'a production deployment has no directory: identities are those of its token issuers (docs/guide/auth.md)',
    );
  }
  try {
    return await readDirectoryFile(folder);
  } catch (cause) {
    throw new CommandError(`the directory of ${folder} cannot be read: ${(cause as Error).message}`, { cause });
  }
}

/** By display name, client id or object id. @throws CommandError listing those there are */
export function identityNamed({ managedIdentities }: Directory, name: string): ManagedIdentity {
  const id = name.toLowerCase();
  const found = managedIdentities.filter(
    ({ displayName, clientId, oid }) => displayName === name || clientId === id || oid === id,
  );
  const [one, another] = found;
  if (one !== undefined && another === undefined) return one;
  const all = managedIdentities.map(({ displayName, clientId }) => `${displayName} (${clientId})`).join(', ');
  const what = one === undefined ? 'no managed identity' : 'more than one managed identity';
  throw new CommandError(`there is ${what} '${name.slice(0, 128)}' in the directory; there are: ${all}`);
}

/** @throws UsageError, CommandError */
export async function uidOf(user: string): Promise<number> {
  if (/^\d{1,10}$/.test(user)) {
    const uid = Number(user);
    if (uid > 0xffff_fffe) throw new UsageError(`--user ${user} is no user number`);
    return uid;
  }
  if (!/^[A-Za-z_][A-Za-z0-9_.@$-]{0,63}$/.test(user))
    throw new UsageError(`--user '${user.slice(0, 64)}' is no user name`);
  try {
    const { stdout } = await promisify(execFile)('id', ['-u', '--', user]);
    return Number(stdout.trim());
  } catch (cause) {
    throw new CommandError(`this machine has no user '${user}'`, { cause });
  }
}

/** As the system will name it: absolute, links resolved. @throws CommandError */
export function programAt(path: string): string {
  try {
    const real = realpathSync(resolve(path));
    if (!statSync(real).isFile()) throw new CommandError(`${path} is not a file`);
    return real;
  } catch (cause) {
    if (cause instanceof CommandError) throw cause;
    throw new CommandError(`there is no program ${path}`, { cause });
  }
}
