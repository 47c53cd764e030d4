// The small directory behind the embedded issuer: who exists, who is in which group, and what they prove themselves
// with. Secrets are here as salted hashes only. It grants nothing: roles are elsewhere.
import { guid, integer, list, matching, type Reader, record, text } from '../../formats/shape.ts';

export class DirectoryError extends Error {
  override readonly name = 'DirectoryError';
}

const hash = matching(/^scrypt\$[0-9]{1,2}\$[A-Za-z0-9_-]{22}\$[A-Za-z0-9_-]{43}$/, 'a scrypt hash');
const upn = matching(/^[^\s@'"<>]{1,64}@[a-z0-9.-]{1,190}$/i, 'name@domain');
const version: Reader<1> = (value, path) => {
  if (value !== 1) throw new DirectoryError(`${path} ${String(value)} is not one this release reads`);
  return 1;
};
const user = record({ oid: guid, upn, displayName: text, passwordHash: hash });
export type User = ReturnType<typeof user>;
const group = record({ oid: guid, displayName: text, members: list(guid) });
export type Group = ReturnType<typeof group>;
/** An application and its service principal in one. */
const application = record(
  {
    appId: guid,
    oid: guid,
    displayName: text,
    /** `expiresAt`: seconds since 1970; absent: no end. */
    secrets: list(record({ keyId: guid, hash }, { expiresAt: integer(0, 0xffffffff) }), 100),
    certificates: list(record({ keyId: guid, pem: text }), 100),
  },
  {
    /** Present: a public client, which signs users in and has no secret of its own. */
    redirectUris: list(text, 100),
  },
);
export type Application = ReturnType<typeof application>;
const managedIdentity = record({ clientId: guid, oid: guid, displayName: text }, { resourceId: text });
export type ManagedIdentity = ReturnType<typeof managedIdentity>;
const readDirectory = record({
  version,
  tenantId: guid,
  /** Of the user principal names. */
  domain: matching(/^[a-z0-9.-]{1,190}$/, 'a domain in lower case'),
  users: list(user),
  groups: list(group),
  applications: list(application),
  managedIdentities: list(managedIdentity),
});
export type Directory = ReturnType<typeof readDirectory>;

/** @throws DirectoryError naming the member that is wrong */
export function parseDirectory(json: string): Directory {
  let directory: Directory;
  try {
    directory = readDirectory(JSON.parse(json), 'directory');
  } catch (cause) {
    if (cause instanceof DirectoryError) throw cause;
    throw new DirectoryError(`the directory file cannot be read: ${(cause as Error).message}`, { cause });
  }
  rejectDuplicates(directory);
  rejectUnknownMembers(directory);
  return directory;
}

export function printDirectory(directory: Directory): string {
  return `${JSON.stringify(directory, undefined, 2)}\n`;
}

function rejectDuplicates({ users, groups, applications, managedIdentities }: Directory): void {
  const everyone = [...users, ...groups, ...applications, ...managedIdentities];
  const clients = [...applications.map(({ appId }) => appId), ...managedIdentities.map(({ clientId }) => clientId)];
  const unique: Readonly<Record<string, readonly string[]>> = {
    'object id': everyone.map(({ oid }) => oid),
    'client id': clients,
    'user principal name': users.map(({ upn }) => upn.toLowerCase()),
  };
  for (const [what, values] of Object.entries(unique)) {
    const left = new Set(values);
    const twice = values.find((value) => !left.delete(value));
    if (twice !== undefined) throw new DirectoryError(`the ${what} ${twice} stands twice in the directory`);
  }
}

/** A group lists users, applications and identities; a group within a group would silently grant nothing. */
function rejectUnknownMembers({ users, groups, applications, managedIdentities }: Directory): void {
  const known = new Set([...users, ...applications, ...managedIdentities].map((each) => each.oid));
  for (const group of groups) {
    const stranger = group.members.find((oid) => !known.has(oid));
    if (stranger !== undefined) {
      throw new DirectoryError(`${stranger} in group ${group.displayName} is no user, application or identity`);
    }
  }
}
