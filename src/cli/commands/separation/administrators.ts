// Who the administrators of an instance are, where the directory of this machine knows them. The instance itself knows ids; one
// id may be a person, an application that administers nothing, a group, or nobody at all.
import type { Directory } from '../../../control/directory/directory.ts';
import { groupsOf } from '../../../control/directory/find-principal.ts';
import { everybodyIn } from '../../directory.ts';

const KINDS = {
  user: 'person',
  group: 'group',
  application: 'application',
  'managed identity': 'application',
} as const;

/** `people`: names of those who administer by it. */
export function administratorsIn(directory: Directory, ids: readonly string[]) {
  const everybody = everybodyIn(directory);
  return ids.map((id) => {
    const found = everybody.find(({ oid }) => oid === id) ?? everybody.find(({ clientId }) => clientId === id);
    if (found === undefined) return { id, kind: 'unknown', people: [] } as const;
    const people = directory.users.filter(({ oid }) => oid === id || groupsOf(directory, oid).includes(id));
    return {
      id,
      kind: found.oid === id ? KINDS[found.kind] : ('clientId' as const),
      name: found.name,
      people: people.map(({ upn }) => upn),
    };
  });
}

type Administrator = ReturnType<typeof administratorsIn>[number];

/** Each once, by however many ids they administer. */
export function peopleAmong(administrators: readonly Administrator[]): ReadonlySet<string> {
  return new Set(administrators.flatMap(({ people }) => people));
}

export function lineOf({ id, kind, name = '', people }: Administrator): string {
  switch (kind) {
    case 'person':
      return `${id}  a person: ${name}`;
    case 'group':
      return `${id}  the group ${name}, with ${people.length === 0 ? 'nobody who is a person' : people.join(', ')}`;
    case 'application':
      return `${id}  the application ${name}: where duties are separated it administers nothing`;
    case 'clientId':
      return `${id}  nobody: it is the client id of ${name}, and roles are given to object ids`;
    case 'unknown':
      return `${id}  unknown: not in the directory of this deployment`;
  }
}

/** Of a strict instance; '': none. @param people how many are known to be some; undefined: nobody knows */
export function warningOn(people: number | undefined, ids: number): string {
  if (people !== undefined && people < 2) {
    const who = people === 0 ? 'Nobody' : 'Only one';
    return (
      `${who} of them is known to be a person: nobody can approve for each other, so no administrator can be made any more, unless ` +
      'an id that is unknown here is a person\'s. See "With one administrator left" in docs/guide/separation.md\n'
    );
  }
  return (people ?? ids) < 3
    ? 'With fewer than three, one who is away stops every change of administrators: see docs/guide/separation.md\n'
    : '';
}
