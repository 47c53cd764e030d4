// What the supervisor itself puts into the management plane's log: whatever control asks of it, before it is done, so that
// nothing is done to an instance without an entry, whoever control obeys.
import { randomUUID } from 'node:crypto';
import type { AuditLog } from '../links/recorder/audit-log.ts';
import { auditEntryJson, cut, KEPT_OF_CALLERS, KEPT_OF_STRANGERS } from '../links/recorder/entry.ts';
import type { HostAct } from './control-process.ts';

/** @throws AuditError: then it must not be done */
export async function recordHostAct(audit: AuditLog, { what, instance, wanted, failure }: HostAct): Promise<void> {
  // Names and requests are control's word: whatever it says fits.
  const name = cut(instance, KEPT_OF_STRANGERS);
  const entry = {
    time: new Date().toISOString(),
    resourceId: '',
    operationName: `Strongroom/instances/${what}/action`,
    operationVersion: '',
    category: 'Administrative' as const,
    resultType: failure === undefined ? ('Success' as const) : ('Failed' as const),
    resultSignature: failure === undefined ? 'Accepted' : 'OperationFailed',
    resultDescription: failure === undefined ? '' : cut(failure, KEPT_OF_CALLERS),
    durationMs: 0,
    callerIpAddress: '',
    identity: '{"claim":{}}',
    clientInfo: 'strongroom supervisor',
    correlationId: randomUUID(),
    httpStatusCode: failure === undefined ? 202 : 409,
    PoolName: name,
    requestUri: '',
    properties: wanted === undefined ? {} : { wanted: cut(JSON.stringify(wanted) ?? '', 4 * KEPT_OF_CALLERS) },
    scope: `/instances/${name}`,
  };
  await audit.append(auditEntryJson(entry));
}
