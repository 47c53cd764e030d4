// Tells how well the instance could be recovered whenever that has changed, by a commit or by time alone.
import { marginOf, UNKNOWN_HOLDERS } from '../features/custodians/recovery-margin.ts';
import { postureOf } from '../features/rehearsal/posture.ts';
import type { OwnRecoverability } from '../formats/own-recoverability.ts';
import type { InstanceState } from './parts.ts';

/** @returns to be called when something may have changed: it tells what is other than before */
export function recoverabilityTeller(
  state: Pick<InstanceState, 'register' | 'rehearsalSchedule' | 'now'>,
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
  register,
  rehearsalSchedule,
  now,
}: Parameters<typeof recoverabilityTeller>[0]): OwnRecoverability {
  const { required, reachable, margin, unproven, warnings } = marginOf(register, now()) ?? UNKNOWN_HOLDERS;
  return {
    custodians: {
      seen: register.split?.domain !== undefined,
      ...(margin === undefined ? {} : { margin, reachable, required, unproven }),
      warnings,
    },
    rehearsals: postureOf(rehearsalSchedule, now()).map(({ depth, overdue, lastFailed, summary }) => ({
      depth,
      overdue,
      ...(lastFailed === undefined ? {} : { lastFailed }),
      summary,
    })),
  };
}
