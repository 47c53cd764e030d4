// Look-ups in the directory by the names and ids that clients use.
import type { Application, Directory, Group, ManagedIdentity, User } from './directory.ts';

export type Principal =
  | { readonly kind: 'user'; readonly user: User }
  | { readonly kind: 'group'; readonly group: Group }
  | { readonly kind: 'application'; readonly application: Application }
  | { readonly kind: 'managed identity'; readonly identity: ManagedIdentity };

export function findByObjectId(directory: Directory, oid: string): Principal | undefined {
  const id = oid.toLowerCase();
  const user = directory.users.find((each) => each.oid === id);
  if (user !== undefined) return { kind: 'user', user };
  const group = directory.groups.find((each) => each.oid === id);
  if (group !== undefined) return { kind: 'group', group };
  const application = directory.applications.find((each) => each.oid === id);
  if (application !== undefined) return { kind: 'application', application };
  const identity = directory.managedIdentities.find((each) => each.oid === id);
  return identity === undefined ? undefined : { kind: 'managed identity', identity };
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
  return found === undefined ? undefined : { type: TYPES[found.kind], groups: groupsOf(directory, oid.toLowerCase()) };
}
