// Custom role definitions as they are kept, in sealed records by their GUIDs.
import { list, type Reader, record, ShapeError, text } from '../../formats/shape.ts';
import { recordKind } from '../../store/sealed/record-kind.ts';
import type { Change } from '../../store/sealed/records.ts';
import { builtInRoles } from './built-in-roles.ts';
import { type DataAction, findDataAction } from './data-actions.ts';
import { GUID, type RoleDefinition } from './role-records.ts';

const actions: Reader<readonly DataAction[]> = list((value, path) => {
  const action = findDataAction(text(value, path));
  if (action === undefined || action !== value) throw new ShapeError(`${path} must be a data action`);
  return action;
});

type Content = Pick<RoleDefinition, 'roleName' | 'description' | 'permissions'>;

const members = {
  roleName: text,
  description: text,
  permissions: list(record({ dataActions: actions, notDataActions: actions })),
};
export const definitionKind = recordKind({
  of: 'role-definition/',
  id: GUID,
  about: 'A custom role definition',
  travels: 'text',
  members,
  check(_, name) {
    if (isBuiltIn(name)) throw new ShapeError('it has the name of a built-in role');
  },
});

export function isBuiltIn(name: string): boolean {
  return builtInRoles.some((role) => role.name === name);
}

export function definitionChange({ name, ...role }: RoleDefinition): Change {
  return definitionKind.put(name, contentOf(role));
}

export function isSameDefinition(a: RoleDefinition, b: RoleDefinition): boolean {
  return definitionKind.same(contentOf(a), contentOf(b));
}

/** What a role is, whatever it is called by programs. */
export function contentOf({ roleName, description, permissions }: Content): Content {
  return { roleName, description, permissions };
}
