// What the management plane may ask about instances: that one be made, stopped or started, and how it fares.
// It has no way to ask for anything inside one.

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
}

export interface InstanceStatus {
  /** 127.0.0.1 port of its HTTPS listener; 0 while it does not serve. */
  readonly port: number;
  readonly activation: 'NotActivated' | 'Active' | 'Unknown' | 'Failed';
  readonly message: string;
}

/** The host is going down and did not get to the end of it. Nothing failed: it is to be asked again at the next start. */
export class HostStopping extends Error {
  override readonly name = 'HostStopping';
}

/** Each of these throws HostStopping when the host is going down. */
export interface InstanceHost {
  provision(request: ProvisionRequest): Promise<void>;
  stop(name: string): Promise<void>;
  start(name: string): Promise<void>;
  status(name: string): InstanceStatus | undefined;
}
