// What the management plane may ask about instances: that one be made, changed in what is not inside it, stopped,
// started or destroyed, and how it fares. It has no way to ask for anything inside one.

import type { instanceChanged } from './control-messages.ts';
import type { InstanceUpdate } from './instance-update.ts';
import type { ProvisionRequest } from './provision-request.ts';

/** Port of its HTTPS listener on 127.0.0.1, and its state. Locked: it answers that its root keys are sealed, and does nothing else. */
export type InstanceStatus = Omit<ReturnType<typeof instanceChanged.decode>, 'name'>;

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
