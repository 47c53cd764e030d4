// Directory principals in the shapes of Microsoft Graph v1.0.
import type { Principal } from '../find-principal.ts';

export function graphObject(principal: Principal): Readonly<Record<string, unknown>> {
  const { kind, oid: id, displayName } = principal;
  const named = (type: string) => ({ '@odata.type': `#microsoft.graph.${type}`, id });
  switch (kind) {
    case 'user':
      return {
        ...named('user'),
        displayName,
        userPrincipalName: principal.upn,
        mail: null,
        accountEnabled: true,
      };
    case 'group':
      return { ...named('group'), displayName, securityEnabled: true, mailEnabled: false };
    case 'application':
    case 'managed identity': {
      const appId = kind === 'application' ? principal.appId : principal.clientId;
      return {
        ...named('servicePrincipal'),
        appId,
        displayName,
        appDisplayName: displayName,
        servicePrincipalNames: [appId],
        servicePrincipalType: kind === 'application' ? 'Application' : 'ManagedIdentity',
        accountEnabled: true,
      };
    }
  }
}
