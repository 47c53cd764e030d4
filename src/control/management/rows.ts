// All rows of the resource manager.
import type { Authenticate, ControlRow } from '../../http/control-row.ts';
import type { InstanceHost } from '../../links/instance-host.ts';
import type { FindPrincipal } from './access/assignment-filter.ts';
import { roleRows } from './access/role-rows.ts';
import type { AskInstance } from './arm-keys/ask-instance.ts';
import { armKeyRows } from './arm-keys/rows.ts';
import { rowMaker } from './arm-row.ts';
import { diagnosticRows } from './diagnostics/rows.ts';
import { beginDeletion } from './hsm/begin-deletion.ts';
import { deletedHsmRows } from './hsm/deleted-rows.ts';
import type { HsmLifecycle } from './hsm/hsm-lifecycle.ts';
import type { NewHsmRules } from './hsm/hsm-rules.ts';
import { managedHsmRows } from './hsm/rows.ts';
import { resourceRows } from './listing/resource-rows.ts';
import { metadataRow } from './metadata.ts';
import { connectionRows } from './network/connection-rows.ts';
import { privateEndpointRows } from './network/private-endpoint-rows.ts';
import { trialRows } from './network/trial-rows.ts';
import { attestationRow, operationRow, providerRows, vaultRows } from './providers/provider-rows.ts';
import { resourceGroupRows } from './resource-groups.ts';
import type { ResourceStore } from './resources-file.ts';
import { subscriptionRows } from './subscriptions.ts';

export interface ManagementOptions {
  readonly book: ResourceStore;
  readonly lifecycle: HsmLifecycle;
  readonly host: InstanceHost;
  readonly authenticate: Authenticate;
  readonly findPrincipal: FindPrincipal;
  /** Users, groups and applications are known to somebody else; absent: all of them to `findPrincipal`. */
  readonly isDirectoryElsewhere?: boolean;
  /** Absent: it lets callers in that no rule names, and one administrator is enough. */
  readonly newHsms?: NewHsmRules;
  readonly askInstance: AskInstance;
  /** The directory's domain, shown for the tenant. */
  readonly domain: string;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

export function managementRows(options: ManagementOptions): readonly ControlRow[] {
  const { book, lifecycle, host, authenticate, findPrincipal, askInstance, domain, now } = options;
  const { isDirectoryElsewhere = false, newHsms = { defaultAction: 'Allow', leastAdministrators: 1 } } = options;
  const demanded = new Set<string>();
  const row = rowMaker(book, authenticate, demanded);
  return [
    metadataRow(book.current.tenantId),
    ...subscriptionRows(book, authenticate, domain),
    ...providerRows(book, row),
    operationRow(authenticate, demanded),
    ...resourceRows(book, row),
    ...vaultRows(book, row),
    attestationRow(book, row),
    ...resourceGroupRows(book, row, async (request, name) => {
      await beginDeletion(lifecycle, request, (resources) => {
        const hsm = resources.managedHsms.find((each) => each.name === name);
        if (hsm === undefined) throw new Error('the HSM was deleted meanwhile');
        return hsm;
      });
    }),
    ...managedHsmRows({ book, row, lifecycle, host, newHsms, now }),
    ...deletedHsmRows({ book, row, lifecycle, now }),
    ...connectionRows({ book, row, lifecycle, now }),
    ...privateEndpointRows({ book, row, lifecycle, now }),
    ...trialRows({ book, row, lifecycle, now }),
    ...diagnosticRows(book, row),
    ...armKeyRows({ book, row, askInstance }),
    ...roleRows({ book, row, findPrincipal, isDirectoryElsewhere, now }),
  ];
}
