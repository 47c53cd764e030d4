// All rows of the resource manager.
import type { Authenticate, ControlRow } from '../../wire/control-row.ts';
import type { HsmLifecycle } from './hsm-lifecycle.ts';
import { beginDeletion } from './hsm-operations.ts';
import type { InstanceHost } from './instance-host.ts';
import { managedHsmRows } from './managed-hsm-rows.ts';
import { metadataRow } from './metadata.ts';
import { resourceGroupRows } from './resource-groups.ts';
import type { ResourceBook } from './resources-file.ts';
import { subscriptionRows } from './subscriptions.ts';

export interface ManagementOptions {
  readonly book: ResourceBook;
  readonly lifecycle: HsmLifecycle;
  readonly host: InstanceHost;
  readonly authenticate: Authenticate;
  /** The directory's domain, shown for the tenant. */
  readonly domain: string;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

export function managementRows(options: ManagementOptions): readonly ControlRow[] {
  const { book, lifecycle, authenticate, domain } = options;
  return [
    metadataRow(book.current.tenantId),
    ...subscriptionRows(book, authenticate, domain),
    ...resourceGroupRows(book, authenticate, async (name) => {
      await beginDeletion(lifecycle, name, (resources) => {
        const hsm = resources.managedHsms.find((each) => each.name === name);
        if (hsm === undefined) throw new Error('the HSM was deleted meanwhile');
        return hsm;
      });
    }),
    ...managedHsmRows(options),
  ];
}
