// What the service itself puts on record, without a request: heads of the store that no entry names yet, and refusals to
// serve.

import { randomUUID } from 'node:crypto';
import type { AuditEntry, AuditLog } from '../features/audit/audit-log.ts';
import { auditEntryJson } from '../features/audit/entry.ts';
import type { StoreError } from '../store/port.ts';
import type { Head } from '../store/sealed/records.ts';
import type { InstanceConfig } from './config/instance.ts';

export async function completeLog(
  audit: AuditLog,
  config: InstanceConfig,
  head: Head,
  operationName: 'StoreHeadCompleted' | 'InitialAdministratorsAssigned',
): Promise<void> {
  const description = {
    StoreHeadCompleted:
      'A commit was made durable but the service ended before it was recorded; its request was not answered.',
    InitialAdministratorsAssigned: `Administrator at / for ${config.initialAdministrators.join(', ')}.`,
  }[operationName];
  const entry = {
    ...systemEntry(config, operationName, description),
    storeHead: { sequence: head.sequence, hash: head.hash },
  };
  await audit.append(auditEntryJson(entry), head.sequence);
}

export async function recordRefusedStore(audit: AuditLog, config: InstanceConfig, error: StoreError): Promise<void> {
  const entry = systemEntry(config, 'StoreRefused', error.message);
  await audit.append(auditEntryJson({ ...entry, resultType: 'Failed', resultSignature: error.code }));
}

function systemEntry(config: InstanceConfig, operationName: string, resultDescription: string): AuditEntry {
  return {
    time: new Date().toISOString(),
    resourceId: config.resourceId.toUpperCase(),
    operationName,
    operationVersion: '',
    category: 'AuditEvent',
    resultType: 'Success',
    resultSignature: 'OK',
    resultDescription,
    durationMs: 0,
    callerIpAddress: '',
    identity: '{"claim":{}}',
    clientInfo: 'strongroom',
    correlationId: randomUUID(),
    httpStatusCode: 0,
    PoolName: config.name,
    requestUri: '',
    properties: { PoolType: 'M-HSM' },
  };
}
