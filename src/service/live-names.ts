// The names under which this worker answers now: those of the configuration, then whatever the supervisor has written
// there since. A change of names leaves everything else as it is, and above all a module that is unlocked.

import type { HostName, InstanceConfig } from '../deployment/instance.ts';
import type { Host } from '../http/call.ts';
import { hostsOf } from './instance-hosts.ts';
import { authorityAt } from './pipeline/names-by-way.ts';

export class LiveNames {
  #hosts: ReadonlyMap<string, Host>;
  readonly #privatePorts: readonly number[];
  readonly #heard = new Set<() => void>();

  constructor({ hostNames, privateListeners = [] }: Pick<InstanceConfig, 'hostNames' | 'privateListeners'>) {
    this.#hosts = hostsOf(hostNames);
    this.#privatePorts = privateListeners.flatMap((each) => ('port' in each ? [each.port] : []));
  }

  /** By authority, lower case. */
  get hosts(): ReadonlyMap<string, Host> {
    return this.#hosts;
  }

  /** Also those at private listeners: identifiers that were given out there are of this instance. */
  get authorities(): readonly string[] {
    const own = [...this.#hosts.keys()];
    return [...own, ...this.#privatePorts.flatMap((port) => own.map((each) => authorityAt(each, port)))];
  }

  /** `changed` has returned before the change is said to be in force: certificates and connections are its business. */
  onChange(changed: () => void): Disposable {
    this.#heard.add(changed);
    return { [Symbol.dispose]: () => void this.#heard.delete(changed) };
  }

  set(hostNames: readonly HostName[]): void {
    this.#hosts = hostsOf(hostNames);
    for (const changed of this.#heard) changed();
  }
}
