// Look-ups in the directory by the names and ids that clients use.
import type { Application, Directory, Group, ManagedIdentity, User } from './directory.ts';
import { isSecret } from './secret-hash.ts';

export type Principal =
  | ({ readonly kind: 'user' } & User)
  | ({ readonly kind: 'group' } & Group)
  | ({ readonly kind: 'application' } & Application)
  | ({ readonly kind: 'managed identity' } & ManagedIdentity);

export function everybody({ users, groups, applications, managedIdentities }: Directory): readonly Principal[] {
  return [
    ...users.map((user) => ({ kind: 'user', ...user }) as const),
    ...groups.map((group) => ({ kind: 'group', ...group }) as const),
    ...applications.map((application) => ({ kind: 'application', ...application }) as const),
    ...managedIdentities.map((identity) => ({ kind: 'managed identity', ...identity }) as const),
  ];
}

export function findByObjectId(directory: Directory, oid: string): Principal | undefined {
  const id = oid.toLowerCase();
  return everybody(directory).find((each) => each.oid === id);
}

export function findUser(directory: Directory, upnOrOid: string): User | undefined {
  const wanted = upnOrOid.toLowerCase();
  return directory.users.find((each) => each.upn.toLowerCase() === wanted || each.oid === wanted);
}

export function findApplication(directory: Directory, appId: string): Application | undefined {
  const wanted = appId.toLowerCase();
  return directory.applications.find((each) => each.appId === wanted);
}

/** Object ids of the groups that have this principal as a member. */
export function groupsOf(directory: Directory, oid: string): readonly string[] {
  return directory.groups.filter((group) => group.members.includes(oid)).map((group) => group.oid);
}

const TYPES = {
  user: 'User',
  group: 'Group',
  application: 'ServicePrincipal',
  'managed identity': 'ServicePrincipal',
} as const;

/** What roles are given to, and the groups whose roles it has besides. */
export function describePrincipal(directory: Directory, oid: string) {
  const found = findByObjectId(directory, oid);
  return found && { type: TYPES[found.kind], groups: groupsOf(directory, found.oid) };
}

/** Takes as long for an unknown user as for a wrong password. */
export async function findUserByPassword(
  directory: Directory,
  upn: string,
  password: string,
): Promise<User | undefined> {
  const user = findUser(directory, upn);
  const hash = user?.passwordHash ?? directory.users[0]?.passwordHash;
  if (hash === undefined) return undefined;
  const matches = await isSecret(password, hash);
  return matches ? user : undefined;
}
