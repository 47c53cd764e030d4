// The directory of a development deployment, where this machine has it: what is in it by its name, and the names of ids. Elsewhere
// the issuer's directory is the issuer's own.
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Application, Directory, ManagedIdentity } from '../control/directory/directory.ts';
import { readDirectoryFile } from '../control/directory/directory-file.ts';
import { places } from '../deployment/data-layout.ts';
import { isGuid } from '../formats/guid.ts';
import { CommandError, UsageError } from './command.ts';
import { placesWithData } from './running.ts';

/** @param root a data directory; absent: nothing is known */
export async function knownDirectory(root: string | undefined): Promise<Directory | undefined> {
  return root === undefined ? undefined : readDirectoryFile(places(root).control).catch(() => undefined);
}

/** @returns it, and the folder that it is in @throws CommandError */
export async function openDirectory(
  data: string | undefined,
): Promise<{ readonly folder: string; readonly directory: Directory }> {
  const folder = placesWithData(data).control;
  if (existsSync(places(dirname(folder)).production)) {
    throw new CommandError(
      'a production deployment has no directory: identities are those of its token issuers (docs/guide/auth.md)',
    );
  }
  try {
    return { folder, directory: await readDirectoryFile(folder) };
  } catch (cause) {
    throw new CommandError(`the directory of ${folder} cannot be read: ${(cause as Error).message}`, { cause });
  }
}

/** Whoever is in the directory, as people call them; who signs in by a client id has that, too. */
export function everybodyIn({ users, groups, applications, managedIdentities }: Directory) {
  const none = undefined;
  return [
    ...users.map(({ oid, upn }) => ({ kind: 'user', oid, name: upn, clientId: none }) as const),
    ...groups.map(({ oid, displayName: name }) => ({ kind: 'group', oid, name, clientId: none }) as const),
    ...applications.map(
      ({ oid, displayName: name, appId: clientId }) => ({ kind: 'application', oid, name, clientId }) as const,
    ),
    ...managedIdentities.map(
      ({ oid, displayName: name, clientId }) => ({ kind: 'managed identity', oid, name, clientId }) as const,
    ),
  ];
}

/** An application that signs itself in, by display name or client id. @throws CommandError listing those there are */
export function applicationNamed({ applications }: Directory, name: string): Application {
  const all = applications.filter(({ redirectUris }) => redirectUris === undefined);
  const found = all.filter(({ appId, displayName }) => displayName === name || appId === name.toLowerCase());
  const list = all.map(({ displayName, appId }) => `${displayName} (${appId})`).join(', ');
  const [one, another] = found;
  if (one !== undefined && another === undefined) return one;
  throw new CommandError(`'${name.slice(0, 128)}' is not one application of the directory; there are: ${list}`);
}

/** By display name, client id or object id. @throws CommandError listing those there are */
export function identityNamed({ managedIdentities: all }: Directory, name: string): ManagedIdentity {
  const id = name.toLowerCase();
  const found = all.filter(({ displayName, clientId, oid }) => displayName === name || clientId === id || oid === id);
  const list = all.map(({ displayName, clientId }) => `${displayName} (${clientId})`).join(', ');
  const [one, another] = found;
  if (one !== undefined && another === undefined) return one;
  const what = one === undefined ? 'no managed identity' : 'more than one managed identity';
  throw new CommandError(`there is ${what} '${name.slice(0, 128)}' in the directory; there are: ${list}`);
}

/** An object id, with the name of whoever has it behind it where that is known. */
export type NameOf = (objectId: string) => string;

/** @param root a data directory, as `rootOf` a command that spoke to an instance; absent: nothing is known */
export async function principalNames(root: string | undefined): Promise<NameOf> {
  const directory = await knownDirectory(root);
  const known = new Map((directory === undefined ? [] : everybodyIn(directory)).map((each) => [each.oid, each]));
  return (id) => {
    const found = known.get(id.toLowerCase());
    if (found === undefined) return id;
    const { kind, name } = found;
    if (kind === 'managed identity') return `${id} (${kind})`;
    return kind === 'group' ? `${id} (group ${name})` : `${id} (${name})`;
  };
}

/**
 * Roles are given to object ids; people have a name or the client id of an application at hand more often. A GUID that the
 * directory does not know may be of a principal that is gone, whose assignments are still there.
 * @throws UsageError with the object id that was meant, where the directory knows it
 */
export async function checkObjectId(option: string, given: string, root: string | undefined): Promise<void> {
  const directory = await knownDirectory(root);
  const everybody = directory === undefined ? [] : everybodyIn(directory);
  const wanted = given.toLowerCase();
  if (isGuid(given) && (directory === undefined || everybody.some(({ oid }) => oid === wanted))) return;
  const meant = everybody
    .filter(({ kind, name, clientId }) =>
      [name, clientId, kind === 'user' ? name.split('@')[0] : undefined].some((each) => each?.toLowerCase() === wanted),
    )
    .map(({ name, oid }) => `${name} has ${oid}`)
    .join(', ');
  if (isGuid(given)) {
    if (meant === '') return;
    throw new UsageError(`${option} ${given} is a client id, and roles are given to object ids: ${meant}`);
  }
  throw new UsageError(
    `${option} is an object id (a GUID), not '${given.slice(0, 128)}'${meant === '' ? '' : `: ${meant}`}`,
  );
}
