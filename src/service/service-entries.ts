// What the service itself puts on record, without a request: heads of the store that no entry names yet, and refusals to
// serve.

import type { InstanceConfig } from '../deployment/instance.ts';
import type { OwnAct } from '../features/part.ts';
import type { NamedHead } from '../formats/named-head.ts';
import { ownCommand } from '../formats/own-command.ts';
import { type Detail, recordedDetail } from '../http/entry-detail.ts';
import type { AuditEntry, AuditLog } from '../links/recorder/audit-log.ts';
import { auditEntryJson, ownEntry } from '../links/recorder/entry.ts';
import { StoreError } from '../store/port.ts';
import { onRecord, type Records } from '../store/sealed/records.ts';
import type { Opening } from './unlock-relay.ts';

/** The instance's own log. */
export interface OwnLog {
  readonly audit: AuditLog;
  readonly config: InstanceConfig;
}

type Completed =
  | 'StoreHeadCompleted'
  | 'InitialAdministratorsAssigned'
  | 'PromisesMade'
  | 'SecurityDomainCompleted'
  | 'ModuleStateRecorded';
interface Told {
  readonly more?: string;
  readonly detail?: Detail;
}

/** What is planned is committed, and put on record if it was anything. @param told asked once it is committed */
export async function commitOnRecord(
  log: OwnLog & { readonly records: Omit<Records, keyof AsyncDisposable> },
  operationName: Completed,
  plan: Parameters<Records['update']>[0],
  told: () => Told = () => ({}),
): Promise<void> {
  const head = onRecord(await log.records.update(plan));
  if (head !== undefined) await completeLog(log, head, operationName, told());
}

/** Longer than an entry may take to be recorded. */
export const ENTRY_MS = 6_000;
/** For heads of the minute after one whose entries did not come: who makes them may be an older program, without an entry for a backup's progress. */
export const PATIENCE_AFTER_MISSING = { ms: 200, withinMs: 60_000 };

/**
 * Resolves once all entries that are to name the head are on record: what does not come, because who had to write it has gone, is put
 * there as missing. @param patience until then, in ms; 0 where nobody can be writing @returns how many are missing @throws StoreError Refused
 */
export async function settleHead(log: OwnLog, named: NamedHead, patience: number, more = ''): Promise<number> {
  const unrecorded = await log.audit.lacking(named, patience);
  requireSameHead(named, unrecorded);
  if (unrecorded === 0) return 0;
  const { entries, ...head } = named;
  await completeLog(log, { ...head, ...(entries === 1 ? {} : { entries }), unrecorded }, 'StoreHeadCompleted', {
    more,
  });
  return unrecorded;
}

/** Of a commit that failed, the sealed head may be brought back; it is another than that of the same sequence which was made. */
export function requireSameHead(
  { sequence }: Pick<NamedHead, 'sequence'>,
  lacking: number | undefined,
): asserts lacking is number {
  if (lacking !== undefined) return;
  const what = `its head of sequence ${sequence} is another than the one that the audit log names`;
  throw new StoreError('Refused', `the store was exchanged: ${what}`);
}

export async function completeLog(
  { audit, config }: OwnLog,
  head: NonNullable<AuditEntry['storeHead']>,
  operationName: Completed,
  { more = '', detail = {} }: Told = {},
): Promise<void> {
  const description = {
    StoreHeadCompleted:
      'A commit was made durable, but its process ended, or the log failed, before all of it was recorded; no request without an entry was told that it was done.',
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
  { audit, config }: OwnLog,
  act: OwnAct & { readonly clockOffset: number },
): Promise<void> {
  const { failure, clockOffset } = act;
  const head = onRecord(act.head);
  const key = act.key === undefined ? {} : { key: act.key };
  const entry = systemEntry(config, act.operationName, act.description, act.detail);
  const properties = clockOffset === 0 ? entry.properties : { ...entry.properties, clockOffset };
  const result = failure === undefined ? {} : { resultType: 'Failed' as const, resultSignature: failure };
  const storeHead = head === undefined ? {} : { storeHead: head };
  await audit.append(auditEntryJson({ ...entry, ...result, properties, ...key, ...storeHead }), head?.sequence);
}

/** Who opened the sealed root keys at this start. */
export async function recordUnlocked({ audit, config }: OwnLog, { how, custodians }: Opening): Promise<void> {
  const detail = custodians === undefined ? {} : { quorum: custodians };
  await audit.append(
    auditEntryJson(systemEntry(config, 'InstanceUnlocked', `The root keys were opened ${how}.`, detail)),
  );
}

/** An operator had the instance go on where nothing tells how new store and log must be. */
export async function recordAcceptance({ audit, config }: OwnLog, description: string, detail: Detail): Promise<void> {
  await audit.append(auditEntryJson(systemEntry(config, 'MissingWitnessAccepted', description, detail)));
}

/** What is refused for the store's sake is on record; whatever it was, it is thrown on. */
export async function refuseStore({ audit, config }: OwnLog, error: unknown): Promise<never> {
  if (error instanceof StoreError) {
    const entry = systemEntry(config, 'StoreRefused', error.message);
    await audit.append(auditEntryJson({ ...entry, resultType: 'Failed', resultSignature: error.code }));
  }
  throw error;
}

function systemEntry(
  config: InstanceConfig,
  operationName: string,
  resultDescription: string,
  detail: Detail = {},
): AuditEntry {
  return ownEntry({
    category: 'AuditEvent',
    resourceId: config.resourceId.toUpperCase(),
    operationName,
    resultDescription,
    PoolName: config.name,
    properties: {
      PoolType: 'M-HSM',
      ...(Object.keys(detail).length === 0 ? {} : { detail: recordedDetail(detail) }),
    },
  });
}
