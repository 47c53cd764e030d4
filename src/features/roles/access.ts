// What each role operation asks of the roles. All are evaluated at the scope that the path names before `/providers`.
import { type DataAction, dataAction } from './data-actions.ts';

export type RoleOperation =
  | 'listDefinitions'
  | 'getDefinition'
  | 'putDefinition'
  | 'deleteDefinition'
  | 'listAssignments'
  | 'getAssignment'
  | 'putAssignment'
  | 'deleteAssignment';

interface Access {
  readonly dataAction: DataAction;
  readonly scope: { readonly kind: 'path' };
}

function atPath(action: DataAction): Access {
  return { dataAction: action, scope: { kind: 'path' } };
}

export const roleAccess: Readonly<Record<RoleOperation, Access>> = {
  listDefinitions: atPath(dataAction('roleDefinitions/read/action')),
  getDefinition: atPath(dataAction('roleDefinitions/read/action')),
  putDefinition: atPath(dataAction('roleDefinitions/write/action')),
  deleteDefinition: atPath(dataAction('roleDefinitions/delete/action')),
  listAssignments: atPath(dataAction('roleAssignments/read/action')),
  getAssignment: atPath(dataAction('roleAssignments/read/action')),
  putAssignment: atPath(dataAction('roleAssignments/write/action')),
  deleteAssignment: atPath(dataAction('roleAssignments/delete/action')),
};
