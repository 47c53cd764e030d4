// Control's side of the supervision link: the instance host of the management plane, and what the supervisor tells it
// about instances.

import {
  instanceChanged,
  provisionInstance,
  purgeInstance,
  startInstance,
  stopInstance,
  updateInstance,
} from '../links/control-messages.ts';
import { HostRefused, HostStopping, type InstanceHost, type InstanceStatus } from '../links/instance-host.ts';
import { type Link, RequestFailed } from '../links/link.ts';
import { STOPPING } from '../links/messages.ts';

/**
 * To be called before anything is awaited: the supervisor tells of instances right after the link is made.
 * @param changed `undefined`: it was purged, and its name leads nowhere any more
 */
export function instanceHostOver(
  link: Link,
  changed: (name: string, status: InstanceStatus | undefined) => void,
): InstanceHost {
  const statuses = new Map<string, InstanceStatus>();
  link.on(instanceChanged, ({ name, ...status }) => {
    statuses.set(name.toLowerCase(), status);
    changed(name, status);
  });
  return {
    provision: (request) => answered(link.request(provisionInstance, { request })),
    update: (name, update) => answered(link.request(updateInstance, { name, update })),
    async purge(name) {
      await answered(link.request(purgeInstance, { name }), ABSENT);
      statuses.delete(name.toLowerCase());
      changed(name, undefined);
    },
    async stop(name) {
      await answered(link.request(stopInstance, { name }), ABSENT);
      const status = { port: 0, activation: 'Unknown', message: 'stopped' } as const;
      statuses.set(name.toLowerCase(), status);
      changed(name, status);
    },
    start: (name) => answered(link.request(startInstance, { name })),
    status: (name) => statuses.get(name.toLowerCase()),
  };
}

/** The supervisor's word for an instance that was never made, or is purged already. */
const ABSENT = 'NotFound';

/** @param done the word that says that there is nothing to do @throws HostStopping, HostRefused, RequestFailed */
async function answered(asked: Promise<void>, done?: typeof ABSENT): Promise<void> {
  try {
    await asked;
  } catch (error) {
    if (!(error instanceof RequestFailed)) throw error;
    switch (error.code) {
      case done:
        return;
      case STOPPING:
      case 'LinkClosed':
        // A supervisor that is gone, or about to go, has not said that the work failed.
        throw new HostStopping(error.message, { cause: error });
      case 'PurgeProtected':
        throw new HostRefused(error.message, { cause: error });
      default:
        throw error;
    }
  }
}
