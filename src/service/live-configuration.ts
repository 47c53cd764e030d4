// What the supervisor changes of a worker while it runs: the names under which it answers, and the network rules that hold. Both are
// those of the configuration, then whatever the supervisor tells. A change of names leaves everything else as it is, and above all a module that is unlocked. A private listener
// has a port of its own, which clients put behind the instance's name: there, and nowhere else, a name is answered with that
// port too.

import type { HostName, InstanceConfig } from '../deployment/instance.ts';
import { challenge } from '../features/auth/challenge.ts';
import { type ArrivingPeer, compileRules, type Refusal } from '../features/network-rules/admission.ts';
import { type NetworkRules, OPEN_NETWORK } from '../formats/network-rules.ts';
import type { Host } from '../http/call.ts';
import type { ConnectionPath } from '../http/connection.ts';

type Hosts = ReadonlyMap<string, Host>;

export class LiveNames {
  /** By authority, lower case. */
  hosts: Hosts;
  readonly #privatePorts: readonly number[];
  readonly #heard = new Set<() => void>();

  constructor({ hostNames, privateListeners = [] }: Pick<InstanceConfig, 'hostNames' | 'privateListeners'>) {
    this.hosts = hostsOf(hostNames);
    this.#privatePorts = privateListeners.flatMap((each) => ('port' in each ? [each.port] : []));
  }

  /** Also those at private listeners: identifiers that were given out there are of this instance. */
  get authorities(): readonly string[] {
    const own = [...this.hosts.keys()];
    return [...own, ...this.#privatePorts.flatMap((port) => own.map((each) => authorityAt(each, port)))];
  }

  /** `changed` has returned before the change is said to be in force: certificates and connections are its business. */
  onChange(changed: () => void): Disposable {
    this.#heard.add(changed);
    return { [Symbol.dispose]: () => void this.#heard.delete(changed) };
  }

  set(hostNames: readonly HostName[]): void {
    this.hosts = hostsOf(hostNames);
    for (const changed of this.#heard) changed();
  }
}

function hostsOf(hostNames: readonly HostName[]): Hosts {
  return new Map(
    hostNames.map(({ kind = 'hsm', ...name }) => [
      name.authority,
      { authority: name.authority, kind, challenge: challenge(name) },
    ]),
  );
}

/**
 * @param hosts by authority in lower case, port included unless 443
 * @param asked an authority in lower case, as the client wrote it
 * @returns the host under the name and port that the client reached; undefined: none of ours by this way
 */
export function hostAt(hosts: Hosts, asked: string, way: ConnectionPath): Host | undefined {
  const authority = asked.replace(/:443$/, '');
  const host = hosts.get(asked) ?? hosts.get(authority);
  if (host !== undefined) return host;
  const port = portOf(way);
  return port === undefined
    ? undefined
    : [...hosts.values()].map((each) => atPort(each, port)).find((each) => each.authority === authority);
}

/** All of them, those with the port of the client's way first. */
export function hostsBy(hosts: Hosts, way: ConnectionPath): readonly Host[] {
  const port = portOf(way);
  const own = [...hosts.values()];
  if (port === undefined) return own;
  const all = [...own.map((each) => atPort(each, port)), ...own];
  return [...new Map(all.map((each) => [each.authority, each])).values()];
}

/** The same name, port included unless 443. */
function authorityAt(authority: string, port: number): string {
  const name = authority.replace(/:\d+$/, '');
  return port === 443 ? name : `${name}:${port}`;
}

function portOf(way: ConnectionPath): number | undefined {
  return typeof way === 'object' ? way.port : undefined;
}

/** Its challenge stays what it is: tokens are for the HSM, not for a way to it. */
function atPort(host: Host, port: number): Host {
  return { ...host, authority: authorityAt(host.authority, port) };
}

/** Open connections are judged by it too, at their next request. */
export class LiveNetwork {
  #current: NetworkRules;
  #judge: ReturnType<typeof compileRules>;

  constructor(rules: NetworkRules = OPEN_NETWORK) {
    this.#current = rules;
    this.#judge = compileRules(rules);
  }

  get current(): NetworkRules {
    return this.#current;
  }

  /** Undefined: the peer is let in. */
  judge(peer: ArrivingPeer): Refusal | undefined {
    return this.#judge(peer);
  }

  set(rules: NetworkRules): void {
    this.#current = rules;
    this.#judge = compileRules(rules);
  }
}
