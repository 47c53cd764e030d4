// At the start: a ceremony that the module finished and nobody put on record is put on record.
import type { CryptoClient } from '../crypto/client/crypto-client.ts';
import type { InstanceConfig } from '../deployment/instance.ts';
import { planSplit } from '../features/custodians/follow-split.ts';
import { planCompletion } from '../features/security-domain/complete-ceremony.ts';
import type { PendingCeremony } from '../features/security-domain/pending-ceremony.ts';
import { isoTime } from '../formats/iso-time.ts';
import type { AuditLog } from '../links/recorder/audit-log.ts';
import type { Records } from '../store/sealed/records.ts';
import type { InstanceState } from './parts.ts';
import { completeLog } from './service-entries.ts';

export interface CeremonyParts {
  readonly crypto: CryptoClient;
  readonly records: Pick<Records, 'head' | 'update'>;
  readonly audit: AuditLog;
  readonly state: Pick<InstanceState, 'activation' | 'register' | 'now'>;
}

function beganBy(begun: PendingCeremony | undefined): string {
  if (begun === undefined) return 'Who began it is not known.';
  return `It was a ${begun.kind}, begun by ${begun.by} at ${begun.at}.`;
}

export async function recordFinishedCeremony(parts: CeremonyParts, config: InstanceConfig): Promise<void> {
  const { crypto, records, audit, state } = parts;
  const before = records.head.sequence;
  let begun: PendingCeremony | undefined;
  const head = await records.update(async () => {
    const completion = await planCompletion({
      crypto,
      activation: state.activation,
      // Only the register follows: nothing says that a recovery that is found now is as its quorum left it.
      relatedWrites: { split: (split) => planSplit(state.register, split, isoTime(state.now())) },
    });
    begun = completion.begun;
    return completion.changes;
  });
  if (head.sequence > before) {
    const detail = { kind: begun?.kind, startedBy: begun?.by };
    await completeLog(audit, config, head, 'SecurityDomainCompleted', { more: beganBy(begun), detail });
  }
}
