// Whether a local role lets the caller do this here. There is no other way to be let in, but for what a row itself allows:
// seeing the end of one's own restore, after it has replaced the roles.
import { requireKeyName } from '../../../features/keys/key-name.ts';
import { findDataAction } from '../../../features/roles/data-actions.ts';
import type { Roles } from '../../../features/roles/evaluate.ts';
import { KEYS_SCOPE, keyScope, ROOT_SCOPE, type Scope } from '../../../features/roles/scope.ts';
import type { Call } from '../../../http/call.ts';
import type { AnyRow } from '../../../http/route.ts';
import { ServiceError } from '../../../http/service-error.ts';

export function authorise(roles: Roles): (call: Call) => void {
  return (call: Call): void => {
    const { row, principal } = call;
    if (row === undefined || principal === undefined)
      throw new Error('authorise runs after the row and the caller are known');
    const scope = scopeOf(row, call.params);
    call.scope = scope.path;
    call.grant = undefined;
    const grant = roles.isAllowed(principal, row.dataAction, scope)?.grant ?? row.alsoAllows?.(call.params, principal);
    if (grant === undefined) {
      const action = findDataAction(row.dataAction);
      const isWithheld = action !== undefined && roles.isWithheld(principal, action);
      throw new ServiceError(
        'AccessDenied',
        `Not authorized to access ${row.dataAction} on ${scope.path}: principal ${principal.oid} ` +
          (isWithheld
            ? 'holds no local role that counts for an application, as duties are separated here: a person has to do this'
            : 'holds no local role with this data action there'),
        isWithheld ? { innerCode: 'PersonRequired' } : {},
      );
    }
    call.grant = grant;
  };
}

function scopeOf(row: AnyRow, params: Readonly<Record<string, string | undefined>>): Scope {
  switch (row.scope) {
    case 'root':
      return ROOT_SCOPE;
    case 'keys':
      return KEYS_SCOPE;
    case 'key':
      return keyScope(requireKeyName(params['name']));
  }
}
