// Rotates the keys whose policy says that it is time. Every worker of an instance runs this; the commit looks again at
// the key that it began with, so a key is rotated once. After downtime or a jump of the clock it is once, too: the new
// version is as young as any.
import type { Commit } from '../../store/sealed/records.ts';
import type { DueJob } from '../clock/due-work.ts';
import type { KeyVersion } from '../keys/key-version.ts';
import { addNextVersion, type Rotated, type Rotating, Superseded } from './rotate.ts';
import type { RotationSchedule } from './schedule.ts';

export interface RotationRecorder {
  rotated(rotation: Rotated & { readonly due: number }): Promise<void>;
  failed(failure: { due: number; key: KeyVersion; error: unknown; retryAt: number }): Promise<void>;
}

export interface RotateDue extends Rotating {
  readonly schedule: RotationSchedule;
  readonly commit: Commit;
  readonly record: RotationRecorder;
  /** The instance is about to stop: nothing new is begun. */
  readonly stopping: AbortSignal;
}

const FIRST_RETRY = 60;
const LAST_RETRY = 86_400;

export function rotationJob(service: RotateDue): DueJob {
  const { schedule, now, stopping } = service;
  /** Seconds that the next failure of a key makes it wait; forgotten when it succeeds. */
  const patience = new Map<string, number>();
  return {
    name: 'rotation of keys',
    nextDue: () => schedule.next()?.time,
    async run() {
      for (let next = schedule.next(); next !== undefined && next.time <= now(); next = schedule.next()) {
        if (stopping.aborted) return;
        await rotateOne(next.name, patience, service);
      }
    },
  };
}

async function rotateOne(name: string, patience: Map<string, number>, service: RotateDue): Promise<void> {
  const { keys, policies, schedule, now, record } = service;
  const current = keys.find(name);
  const policy = policies.find(name);
  const due = schedule.dueOf(name);
  if (current === undefined || policy === undefined || due === undefined || due > now()) {
    // What was put off for a while may have another time by now.
    schedule.postpone(name, due);
    return;
  }
  // Who has disabled a key finds it disabled after a rotation that nobody asked for.
  const next = { current, policy, enabled: current.attributes.enabled };
  let rotated: Rotated;
  try {
    rotated = await addNextVersion(next, service.commit, service);
  } catch (error) {
    // Then the change has put its own time into the schedule.
    if (error instanceof Superseded) return;
    const wait = patience.get(name) ?? FIRST_RETRY;
    patience.set(name, Math.min(2 * wait, LAST_RETRY));
    const retryAt = now() + wait;
    schedule.postpone(name, retryAt);
    await record.failed({ due, key: current, error, retryAt });
    return;
  }
  patience.delete(name);
  await record.rotated({ due, ...rotated });
}
