// Network rules on trial: in force at once, and taken back at their deadline unless somebody who still gets through confirms
// them. The deadline is in the records, so it survives whatever happens to the processes and to the shell that began it.
import { type ProposedRules, rulesAfter } from '../../../formats/network-rules.ts';
import { type ControlCaller, ControlError } from '../../../http/control-row.ts';
import { findByName, withHsm } from '../find.ts';
import { checkIdle, type Decide, isIdle } from '../hsm/decisions.ts';
import type { ManagedHsm, NetworkTrial, Resources } from '../resources.ts';

type Decided = ReturnType<Decide>;

/** `until`: ISO 8601. */
type Proposal = Pick<NetworkTrial, 'id' | 'until'> & { readonly rules: ProposedRules };

/** @throws ControlError 409 while another trial runs, or something else is being done */
export function beginTrial(resources: Resources, hsm: ManagedHsm, proposal: Proposal, caller: ControlCaller): Decided {
  checkIdle(hsm);
  if (hsm.trial !== undefined) {
    throw new ControlError(
      409,
      'NetworkTrialRunning',
      `The network rules of '${hsm.spelledName}' are on trial until ${hsm.trial.until}; confirm or revert those first.`,
    );
  }
  const { id, until, rules } = proposal;
  const before = { publicNetworkAccess: hsm.publicNetworkAccess, networkAcls: hsm.networkAcls };
  return updating(resources, {
    ...rulesAfter(hsm, rules),
    trial: { id, until, by: caller.oid, before },
    trialStep: { step: 'begun', id, until, by: caller.oid },
  });
}

/** @param now milliseconds since 1970 @throws ControlError 404 when none runs, 409 when its time is over */
export function confirmTrial(resources: Resources, hsm: ManagedHsm, caller: ControlCaller, now: number): Decided {
  const { id, until } = requireTrial(hsm);
  checkIdle(hsm);
  if (Date.parse(until) <= now) {
    const message = `The trial ended at ${until}; the rules of before are coming back.`;
    throw new ControlError(409, 'NetworkTrialEnded', message);
  }
  const { trial: _, ...kept } = hsm;
  return updating(resources, { ...kept, trialStep: { step: 'confirmed', id, until, by: caller.oid } });
}

/** Before its time, because somebody wants it. */
export function revertTrial(resources: Resources, hsm: ManagedHsm, caller: ControlCaller): Decided {
  checkIdle(hsm);
  return reverted(resources, hsm, requireTrial(hsm), caller.oid);
}

/** Names of those whose trial is over and that can be changed now. */
export function dueTrials({ managedHsms }: Resources, now: number): readonly string[] {
  return managedHsms.filter((hsm) => isDue(hsm.trial, now) && isIdle(hsm)).map(({ name }) => name);
}

export function beginRevert(resources: Resources, name: string, now: number): Decided {
  const hsm = findByName(resources, name);
  if (hsm?.trial === undefined || !isDue(hsm.trial, now)) throw new Error(`${name} has no trial that is over`);
  checkIdle(hsm);
  return reverted(resources, hsm, hsm.trial);
}

/** @throws ControlError 404 */
export function requireTrial({ spelledName, trial }: ManagedHsm): NetworkTrial {
  if (trial === undefined) {
    throw new ControlError(404, 'NetworkTrialNotFound', `No network rules of '${spelledName}' are on trial.`);
  }
  return trial;
}

function isDue(trial: NetworkTrial | undefined, now: number): boolean {
  return trial !== undefined && Date.parse(trial.until) <= now;
}

function reverted(resources: Resources, hsm: ManagedHsm, { id, until, before }: NetworkTrial, by?: string): Decided {
  const { trial: _, ...kept } = hsm;
  const step = { step: 'reverted' as const, id, until, ...(by === undefined ? {} : { by }) };
  return updating(resources, { ...kept, ...before, trialStep: step });
}

function updating(resources: Resources, hsm: ManagedHsm): Decided {
  return withHsm(resources, { ...hsm, state: 'Updating' });
}
