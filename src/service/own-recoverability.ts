// Tells how well the instance could be recovered whenever that has changed, by a commit or by time alone.
import { reachOf, UNKNOWN_HOLDERS } from '../features/custodians/reach.ts';
import { postureOf } from '../features/rehearsal/posture.ts';
import type { OwnRecoverability } from '../formats/own-recoverability.ts';
import type { InstanceState } from './instance-state.ts';

/** @returns to be called when something may have changed: it tells what is other than before */
export function recoverabilityTeller(
  state: Pick<InstanceState, 'custodians' | 'rehearsalSchedule' | 'clock'>,
  tell: (own: OwnRecoverability) => void,
): () => void {
  let told = '';
  return () => {
    const own = ownRecoverability(state);
    const text = JSON.stringify(own);
    if (text === told) return;
    told = text;
    tell(own);
  };
}

function ownRecoverability({
  custodians,
  rehearsalSchedule,
  clock,
}: Parameters<typeof recoverabilityTeller>[0]): OwnRecoverability {
  const { required, reachable, margin, unproven, warnings } = reachOf(custodians, clock.now()) ?? UNKNOWN_HOLDERS;
  return {
    custodians: {
      seen: custodians.split?.domain !== undefined,
      ...(margin === undefined ? {} : { margin, reachable, required, unproven }),
      warnings,
    },
    rehearsals: postureOf(rehearsalSchedule, clock.now()).map(({ depth, overdue, lastFailed, summary }) => ({
      depth,
      overdue,
      ...(lastFailed === undefined ? {} : { lastFailed }),
      summary,
    })),
  };
}
