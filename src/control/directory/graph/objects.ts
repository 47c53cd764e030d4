// Directory principals in the shapes of Microsoft Graph v1.0.
import type { Principal } from '../find-principal.ts';

export function graphObject(principal: Principal): Readonly<Record<string, unknown>> {
  switch (principal.kind) {
    case 'user': {
      const { oid, displayName, upn } = principal.user;
      return {
        '@odata.type': '#microsoft.graph.user',
        id: oid,
        displayName,
        userPrincipalName: upn,
        mail: null,
        accountEnabled: true,
      };
    }
    case 'group': {
      const { oid, displayName } = principal.group;
      return {
        '@odata.type': '#microsoft.graph.group',
        id: oid,
        displayName,
        securityEnabled: true,
        mailEnabled: false,
      };
    }
    case 'application': {
      const { oid, appId, displayName } = principal.application;
      return servicePrincipal(oid, appId, displayName, 'Application');
    }
    case 'managed identity': {
      const { oid, clientId, displayName } = principal.identity;
      return servicePrincipal(oid, clientId, displayName, 'ManagedIdentity');
    }
  }
}

function servicePrincipal(id: string, appId: string, displayName: string, type: string): Record<string, unknown> {
  return {
    '@odata.type': '#microsoft.graph.servicePrincipal',
    id,
    appId,
    displayName,
    appDisplayName: displayName,
    servicePrincipalNames: [appId],
    servicePrincipalType: type,
    accountEnabled: true,
  };
}
