// What the management plane may ask about instances: that one be made, changed in what is not inside it, stopped,
// started or destroyed, and how it fares. It has no way to ask for anything inside one.
import type { NetworkRules } from '../formats/network-rules.ts';

/** What control decides of a new instance; the supervisor adds places, certificates and trusted issuers. */
export interface ProvisionRequest {
  readonly name: string;
  readonly tenantId: string;
  /** ARM id: `/subscriptions/…/managedHSMs/{name}`. */
  readonly resourceId: string;
  readonly region: string;
  readonly initialAdministrators: readonly string[];
  readonly softDeleteRetentionInDays: number;
  readonly purgeProtection: boolean;
  readonly network: NetworkRules;
}

/** What may change while an instance runs. */
export interface InstanceUpdate {
  /** One way only. */
  readonly purgeProtection?: true;
  readonly network?: NetworkRules;
  /** For the instance's log, and not kept: what the change of its network is part of. */
  readonly networkTrial?: NetworkTrialStep;
}

/** A change of network rules that goes back by itself unless it is confirmed in time. */
export interface NetworkTrialStep {
  readonly step: 'begun' | 'confirmed' | 'reverted' | 'ended';
  readonly id: string;
  readonly until: string;
  /** Object id of whoever wanted the step, in the management plane's own word; absent: the deadline came. */
  readonly by?: string;
}

export interface InstanceStatus {
  /** 127.0.0.1 port of its HTTPS listener; 0 while it does not serve. */
  readonly port: number;
  /** Locked: it answers that its root keys are sealed, and does nothing else. Stopped: an operator wants it so. */
  readonly activation: 'NotActivated' | 'Active' | 'Locked' | 'Stopped' | 'Unknown' | 'Failed';
  readonly message: string;
}

/** The host is going down and did not get to the end of it. Nothing failed: it is to be asked again at the next start. */
export class HostStopping extends Error {
  override readonly name = 'HostStopping';
}

/** The host does not do it, for a reason that the one who asks may hear. */
export class HostRefused extends Error {
  override readonly name = 'HostRefused';
}

/** Each of these throws HostStopping when the host is going down. */
export interface InstanceHost {
  provision(request: ProvisionRequest): Promise<void>;
  /** Resolves when all of the instance goes by it. */
  update(name: string, update: InstanceUpdate): Promise<void>;
  /** Its sealed data stays. */
  stop(name: string): Promise<void>;
  start(name: string): Promise<void>;
  /** Destroys a stopped instance, root keys first. @throws HostRefused while its purge protection holds */
  purge(name: string): Promise<void>;
  status(name: string): InstanceStatus | undefined;
}
