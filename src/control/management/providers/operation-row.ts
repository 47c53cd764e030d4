// Which operations Microsoft.KeyVault has here: those that the rows of the resource manager ask a role for, and no list beside them.
import type { Authenticate, ControlRow } from '../../../http/control-row.ts';
import { checkApiVersion } from '../access/authorize.ts';

const PREFIX = 'Microsoft.KeyVault/';

/** @param demanded the actions of all rows; looked at when somebody asks */
export function operationRow(authenticate: Authenticate, demanded: ReadonlySet<string>): ControlRow {
  return {
    host: 'arm',
    method: 'GET',
    path: '/providers/Microsoft.KeyVault/operations',
    body: 'none',
    async handle(request) {
      checkApiVersion(request);
      await authenticate(request);
      const value = [...demanded].filter((action) => action.startsWith(PREFIX)).map(describe);
      return { status: 200, json: { value } };
    },
  };
}

function describe(name: string) {
  const parts = name
    .slice(PREFIX.length)
    .replace(/\/action$/, '')
    .split('/');
  const verb = parts.pop() ?? '';
  const resource = parts.join('/') || 'providers';
  const operation = `${verb.charAt(0).toUpperCase()}${verb.slice(1)} ${resource}`;
  return {
    name,
    isDataAction: false,
    display: { provider: 'Microsoft Key Vault', resource, operation, description: operation },
  };
}
