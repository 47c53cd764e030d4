// What must hold before a worker serves: module, store and log belong together, and none is older than the others saw.
import type { CryptoClient } from '../crypto/client/crypto-client.ts';
import type { InstanceConfig } from '../deployment/instance.ts';
import type { Activation } from '../features/security-domain/activation.ts';
import type { AuditLog } from '../links/recorder/audit-log.ts';
import { type Store, StoreError } from '../store/port.ts';
import { moduleSealer } from '../store/sealed/module-sealer.ts';
import { openRecords } from '../store/sealed/open-records.ts';
import type { Records } from '../store/sealed/records.ts';
import { moduleStateKind } from './module-state.ts';
import { completeLog, recordRefusedStore } from './service-entries.ts';

export async function isEmpty(store: Store): Promise<boolean> {
  for await (const batch of store.list()) if (batch.length > 0) return false;
  return true;
}

/** Not put on record: that log would grow with every attempt, until it were as long as the one that was cut. */
export async function refuseCutLog(audit: AuditLog, crypto: CryptoClient): Promise<void> {
  await requireLog(audit, crypto.hello.signedSize, 'the module signed one');
}

async function requireLog(audit: AuditLog, least: number, witness: string): Promise<void> {
  const { size } = await audit.tree();
  if (size >= least) return;
  const what = `the log has ${size} entries, while ${witness} of ${least}`;
  throw new StoreError('Refused', `the audit log was cut or exchanged: ${what}`);
}

/**
 * Refuses a module that was never active where the store knows of custodians. Now that all three were seen to belong
 * together, the module tidies up: see `renewState`.
 */
export async function settleModule(crypto: CryptoClient, activation: Activation): Promise<void> {
  if (activation.latest() !== undefined && !activation.isActive()) {
    const what = 'the store has a record of its security domain, and the module was never active';
    throw new StoreError('Refused', `older files were put back into the module's folder: ${what}`);
  }
  if (crypto.hello.isToRenew === 1) await crypto.ceremony('renewState', {});
}

/** A state of the module that no head names yet (sealed anew, or renewed) is named by one: so no older one is taken again. */
export async function recordModuleState(
  { crypto, records, audit }: { crypto: CryptoClient; records: Pick<Records, 'head' | 'update'>; audit: AuditLog },
  config: InstanceConfig,
): Promise<void> {
  const before = records.head.sequence;
  const head = await records.update(() => {
    const { generation } = crypto.hello;
    if ((records.head.generation ?? 0) >= generation) return [];
    return [moduleStateKind.put('', { generation })];
  });
  if (head.sequence > before) await completeLog(audit, config, head, 'ModuleStateRecorded');
}

interface Opening {
  readonly store: Store;
  readonly crypto: CryptoClient;
  readonly audit: AuditLog;
  readonly config: InstanceConfig;
  readonly newestHeadInLog: number;
}

export async function openVerifiedRecords(
  { store, crypto, audit, config, newestHeadInLog }: Opening,
  following: Pick<Parameters<typeof openRecords>[0], 'apply' | 'goesWith'>,
): Promise<Records> {
  let records: Awaited<ReturnType<typeof openRecords>>;
  try {
    const headSeenByModule = crypto.hello.headSequence;
    const opening = { store, sealer: moduleSealer(crypto), ...following, newestHeadInLog, headSeenByModule };
    records = await openRecords(opening);
  } catch (error) {
    return refuseStore(audit, config, error);
  }
  await requireLog(audit, records.signedLog, "the store's head knows that one was signed");
  return records;
}

export async function refuseStore(audit: AuditLog, config: InstanceConfig, error: unknown): Promise<never> {
  if (error instanceof StoreError) await recordRefusedStore(audit, config, error);
  throw error;
}
