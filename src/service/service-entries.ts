// What the service itself puts on record, without a request: heads of the store that no entry names yet, and refusals to
// serve.

import { randomUUID } from 'node:crypto';
import type { InstanceConfig } from '../deployment/instance.ts';
import type { OwnAct } from '../features/part.ts';
import { ownCommand } from '../formats/own-command.ts';
import { type Detail, recordedDetail } from '../http/entry-detail.ts';
import type { AuditEntry, AuditLog } from '../links/recorder/audit-log.ts';
import { auditEntryJson } from '../links/recorder/entry.ts';
import type { StoreError } from '../store/port.ts';
import type { Head } from '../store/sealed/records.ts';
import type { Opening } from './unlock-relay.ts';

export async function completeLog(
  audit: AuditLog,
  config: InstanceConfig,
  head: Head,
  operationName:
    | 'StoreHeadCompleted'
    | 'InitialAdministratorsAssigned'
    | 'PromisesMade'
    | 'SecurityDomainCompleted'
    | 'ModuleStateRecorded',
  { more = '', detail = {} }: { readonly more?: string; readonly detail?: Detail } = {},
): Promise<void> {
  const description = {
    StoreHeadCompleted:
      'A commit was made durable but the service ended before it was recorded; its request was not answered.',
    SecurityDomainCompleted:
      'The module had finished a ceremony of the security domain, but the service ended before it was recorded.',
    ModuleStateRecorded: "The module's state was written anew; from now on no older one is taken.",
    PromisesMade: promisesText(config),
    InitialAdministratorsAssigned: `Administrator at / for ${config.initialAdministrators.join(', ')}.`,
  }[operationName];
  const entry = {
    ...systemEntry(config, operationName, more === '' ? description : `${description} ${more}`, detail),
    storeHead: head,
  };
  await audit.append(auditEntryJson(entry), head.sequence);
}

/** A crash explains as many as there were requests at once; the store is whole, so what is missing is missing in the log. */
export function unrecordedText(newestInLog: number, sequence: number, name: string): string {
  if (sequence - newestInLog < 2) return '';
  return (
    `So it is of the ${sequence - newestInLog} commits after ${newestInLog}. If no so many requests were under way at once, the log was ` +
    'cut, and entries of what changed nothing are missing with theirs: compare it with a checkpoint kept elsewhere, ' +
    ownCommand(`audit verify --hsm-name ${name} --checkpoint FILE`)
  );
}

function promisesText({ profile, purgeProtection, softDeleteRetentionInDays, separation }: InstanceConfig): string {
  return (
    `By configuration: profile ${profile}, deleted keys are kept ${softDeleteRetentionInDays} days, purge protection ` +
    `${purgeProtection ? 'on' : 'off'}, separation ${separation ?? 'as the profile has it'}. Of these only what is stricter than before was taken.`
  );
}

/** Something that the instance did by itself, because its time had come. */
export async function recordOwnAct(
  audit: AuditLog,
  config: InstanceConfig,
  act: OwnAct & { readonly clockOffset: number },
): Promise<void> {
  const { head, failure, clockOffset } = act;
  const key = act.key === undefined ? {} : { key: act.key };
  const entry = systemEntry(config, act.operationName, act.description, act.detail);
  const properties = clockOffset === 0 ? entry.properties : { ...entry.properties, clockOffset };
  const result = failure === undefined ? {} : { resultType: 'Failed' as const, resultSignature: failure };
  const storeHead = head === undefined ? {} : { storeHead: head };
  await audit.append(auditEntryJson({ ...entry, ...result, properties, ...key, ...storeHead }), head?.sequence);
}

/** Who opened the sealed root keys at this start. */
export async function recordUnlocked(
  audit: AuditLog,
  config: InstanceConfig,
  { how, custodians }: Opening,
): Promise<void> {
  const detail = custodians === undefined ? {} : { quorum: custodians };
  const entry = systemEntry(config, 'InstanceUnlocked', `The root keys were opened ${how}.`, detail);
  await audit.append(auditEntryJson(entry));
}

/** An operator had the instance go on where nothing tells how new store and log must be. */
export async function recordAcceptance(
  audit: AuditLog,
  config: InstanceConfig,
  description: string,
  detail: Detail,
): Promise<void> {
  await audit.append(auditEntryJson(systemEntry(config, 'MissingWitnessAccepted', description, detail)));
}

export async function recordRefusedStore(audit: AuditLog, config: InstanceConfig, error: StoreError): Promise<void> {
  const entry = systemEntry(config, 'StoreRefused', error.message);
  await audit.append(auditEntryJson({ ...entry, resultType: 'Failed', resultSignature: error.code }));
}

function systemEntry(
  config: InstanceConfig,
  operationName: string,
  resultDescription: string,
  detail: Detail = {},
): AuditEntry {
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
    properties: {
      PoolType: 'M-HSM',
      ...(Object.keys(detail).length === 0 ? {} : { detail: recordedDetail(detail) }),
    },
  };
}
