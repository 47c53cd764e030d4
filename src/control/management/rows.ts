// All rows of the resource manager.
import type { ControlRow } from '../../http/control-row.ts';
import { roleRows } from './access/role-rows.ts';
import { armKeyRows } from './arm-keys.ts';
import { type Management, rowMaker } from './arm-row.ts';
import { diagnosticRows } from './diagnostics/rows.ts';
import { deletedHsmRows } from './hsm/deleted-rows.ts';
import { operationRows } from './hsm/operations.ts';
import { managedHsmRows } from './hsm/rows.ts';
import { resourceRows } from './listing/resource-rows.ts';
import { metadataRow } from './metadata.ts';
import { connectionRows } from './network/connection-rows.ts';
import { privateEndpointRows } from './network/private-endpoint-rows.ts';
import { trialRows } from './network/trial-rows.ts';
import { vaultRows } from './providers/none-rows.ts';
import { attestationRow, operationRow, providerRows } from './providers/provider-rows.ts';
import { resourceGroupRows } from './resource-groups.ts';
import { subscriptionRows } from './subscriptions.ts';

export function managementRows(management: Management): readonly ControlRow[] {
  const demanded = new Set<string>();
  const row = rowMaker(management, demanded);
  const parts = [
    ...[subscriptionRows, providerRows, resourceRows, vaultRows, resourceGroupRows, managedHsmRows, operationRows],
    ...[deletedHsmRows, connectionRows, privateEndpointRows, trialRows, diagnosticRows, armKeyRows, roleRows],
  ];
  return [
    metadataRow(management.book.current.tenantId),
    ...parts.flatMap((rows) => rows(management, row)),
    operationRow(row, demanded),
    attestationRow(management, row),
  ];
}
