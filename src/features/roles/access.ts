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

export const roleAccess: Readonly<Record<RoleOperation, DataAction>> = {
  listDefinitions: dataAction('roleDefinitions/read/action'),
  getDefinition: dataAction('roleDefinitions/read/action'),
  putDefinition: dataAction('roleDefinitions/write/action'),
  deleteDefinition: dataAction('roleDefinitions/delete/action'),
  listAssignments: dataAction('roleAssignments/read/action'),
  getAssignment: dataAction('roleAssignments/read/action'),
  putAssignment: dataAction('roleAssignments/write/action'),
  deleteAssignment: dataAction('roleAssignments/delete/action'),
};
