// At the start: a ceremony that the module finished and nobody put on record is put on record.
import type { CryptoClient } from '../crypto/client/crypto-client.ts';
import { planSplit } from '../features/custodians/follow-split.ts';
import { planCompletion } from '../features/security-domain/complete-ceremony.ts';
import type { PendingCeremony } from '../features/security-domain/pending-ceremony.ts';
import { isoTime } from '../formats/iso-time.ts';
import type { Change } from '../store/sealed/records.ts';
import type { InstanceState } from './parts.ts';
import { commitOnRecord } from './service-entries.ts';

export async function recordFinishedCeremony(
  log: Parameters<typeof commitOnRecord>[0],
  crypto: CryptoClient,
  { activation, register, now }: Pick<InstanceState, 'activation' | 'register' | 'now'>,
): Promise<void> {
  // The module is asked before, as a plan waits for nobody: again where another worker has committed meanwhile.
  for (let isMoved = true; isMoved; ) {
    await log.records.refresh();
    const { sequence } = log.records.head;
    const { begun, changes } = await planCompletion({
      crypto,
      activation,
      // Only the register follows: nothing says that a recovery that is found now is as its quorum left it.
      relatedWrites: { split: (split) => planSplit(register, split, isoTime(now())) },
    });
    const plan = (): readonly Change[] => {
      isMoved = log.records.head.sequence !== sequence;
      return isMoved ? [] : changes;
    };
    const detail = { kind: begun?.kind, startedBy: begun?.by };
    await commitOnRecord(log, 'SecurityDomainCompleted', plan, () => ({ more: beganBy(begun), detail }));
  }
}

function beganBy(begun: PendingCeremony | undefined): string {
  if (begun === undefined) return 'Who began it is not known.';
  return `It was a ${begun.kind}, begun by ${begun.by} at ${begun.at}.`;
}
