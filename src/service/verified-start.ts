// What must hold before a worker serves: module, store and log belong together, and none is older than the others saw.
import type { CryptoClient } from '../crypto/client/crypto-client.ts';
import type { Activation } from '../features/security-domain/activation.ts';
import { lackingEntries, type NamedHead } from '../formats/named-head.ts';
import type { AuditLog } from '../links/recorder/audit-log.ts';
import { type Store, StoreError } from '../store/port.ts';
import { openRecords } from '../store/sealed/open-records.ts';
import { moduleSealer } from '../store/sealed/records.ts';
import type { SealedRecords } from '../store/sealed/sealed-records.ts';
import { moduleStateKind } from './module-state.ts';
import {
  commitOnRecord,
  ENTRY_MS,
  type OwnLog,
  PATIENCE_AFTER_MISSING,
  refuseStore,
  requireSameHead,
  settleHead,
} from './service-entries.ts';

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
export function recordModuleState(log: Parameters<typeof commitOnRecord>[0], crypto: CryptoClient): Promise<void> {
  return commitOnRecord(log, 'ModuleStateRecorded', () => {
    const { generation } = crypto.hello;
    return (log.records.head.generation ?? 0) >= generation ? [] : [moduleStateKind.put('', { generation })];
  });
}

/** @throws StoreError Refused, which is on record */
export async function openVerifiedRecords(
  log: OwnLog,
  crypto: CryptoClient,
  following: Pick<Parameters<typeof openRecords>[0], 'store' | 'apply' | 'attempt' | 'goesWith'>,
  newestInLog: NamedHead,
): Promise<SealedRecords> {
  const { audit } = log;
  /** Who waits for the same head again, as it could not be put on record that entries are missing, waits no longer than the first. */
  let waiting = { sequence: 0, until: 0 };
  let missedAt = Number.NEGATIVE_INFINITY;
  const records = await openRecords({
    ...following,
    sealer: moduleSealer(crypto),
    log: {
      get countsEntries() {
        return audit.countsEntries;
      },
      async settle(head) {
        if (waiting.sequence !== head.sequence) {
          const { ms, withinMs } = PATIENCE_AFTER_MISSING;
          const now = performance.now();
          waiting = { sequence: head.sequence, until: now + (now - missedAt < withinMs ? ms : ENTRY_MS) };
        }
        if ((await settleHead(log, head, waiting.until - performance.now())) > 0) missedAt = performance.now();
      },
    },
    newestHeadInLog: newestInLog.sequence,
    headSeenByModule: crypto.hello.headSequence,
  }).catch((error: unknown) => refuseStore(log, error));
  try {
    // What no entry names is judged by the head before it; an entry of one after that says that another commit was made in its place.
    const isAnother = newestInLog.sequence > records.named.sequence && !records.hasUnnamed(newestInLog);
    requireSameHead(records.head, isAnother ? undefined : lackingEntries(records.named, newestInLog));
  } catch (error) {
    await refuseStore(log, error);
  }
  await requireLog(log.audit, records.signedLog, "the store's head knows that one was signed");
  // Not before: the module takes no other of this sequence after it.
  await records.note().catch((error: unknown) => refuseStore(log, error));
  return records;
}
