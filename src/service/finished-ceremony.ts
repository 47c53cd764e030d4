// At the start: a ceremony that the module finished and nobody put on record is put on record.
import type { CryptoClient } from '../crypto/client/crypto-client.ts';
import { planSplit } from '../features/custodians/follow-split.ts';
import { askCompletion, type Completion } from '../features/security-domain/complete-ceremony.ts';
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
  // The module is asked before, as a plan waits for nobody: again where another worker has begun or recorded a ceremony meanwhile.
  for (let isMoved = true; isMoved; ) {
    await log.records.refresh();
    const [latest, begun] = [activation.latest(), activation.begun()];
    const complete = await askCompletion({
      crypto,
      activation,
      // Only the register follows: nothing says that a recovery that is found now is as its quorum left it.
      relatedWrites: { split: (split) => planSplit(register, split, isoTime(now())) },
    });
    let completion: Completion = { changes: [] };
    const plan = (): readonly Change[] => {
      isMoved = activation.latest() !== latest || activation.begun() !== begun;
      completion = isMoved ? { changes: [] } : complete();
      return completion.changes;
    };
    await commitOnRecord(log, 'SecurityDomainCompleted', plan, () => toldOf(completion.begun));
  }
}

function toldOf(begun: PendingCeremony | undefined) {
  if (begun === undefined) return { more: 'Who began it is not known.' };
  const { kind, by, at } = begun;
  return { more: `It was a ${kind}, begun by ${by} at ${at}.`, detail: { kind, startedBy: by } };
}
