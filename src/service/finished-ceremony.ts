// At the start: a ceremony that the module finished and nobody put on record is put on record.
import type { CryptoClient } from '../crypto/client/crypto-client.ts';
import { planSplit } from '../features/custodians/follow-split.ts';
import { planCompletion } from '../features/security-domain/complete-ceremony.ts';
import type { PendingCeremony } from '../features/security-domain/pending-ceremony.ts';
import { isoTime } from '../formats/iso-time.ts';
import type { InstanceState } from './parts.ts';
import { commitOnRecord } from './service-entries.ts';

export async function recordFinishedCeremony(
  log: Parameters<typeof commitOnRecord>[0],
  crypto: CryptoClient,
  { activation, register, now }: Pick<InstanceState, 'activation' | 'register' | 'now'>,
): Promise<void> {
  let begun: PendingCeremony | undefined;
  await commitOnRecord(
    log,
    'SecurityDomainCompleted',
    async () => {
      const completion = await planCompletion({
        crypto,
        activation,
        // Only the register follows: nothing says that a recovery that is found now is as its quorum left it.
        relatedWrites: { split: (split) => planSplit(register, split, isoTime(now())) },
      });
      begun = completion.begun;
      return completion.changes;
    },
    () => ({ more: beganBy(begun), detail: { kind: begun?.kind, startedBy: begun?.by } }),
  );
}

function beganBy(begun: PendingCeremony | undefined): string {
  if (begun === undefined) return 'Who began it is not known.';
  return `It was a ${begun.kind}, begun by ${begun.by} at ${begun.at}.`;
}
