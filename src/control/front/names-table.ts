// Which loopback port answers for a host name: the control process for its own hosts, each instance for its name under
// every suffix. What is not in here is not reachable through the front.
import { type NameForm, servedNames } from '../../http/name-form.ts';

export type Target =
  /** `instance`: its name, in lower case; it is to be told who the client is. */
  | { readonly kind: 'serving'; readonly port: number; readonly instance?: string }
  /** The name is ours, but nothing serves it now. */
  | { readonly kind: 'down' }
  /** `instance`: it is under our suffixes, where an instance of this name would be. */
  | { readonly kind: 'unknown'; readonly instance?: string };

export class NamesTable {
  readonly #controlHosts: ReadonlySet<string>;
  readonly #suffixes: readonly string[];
  readonly #controlPort: () => number;
  readonly #instances = new Map<string, number>();
  #aliases: ReadonlyMap<string, string> = new Map();

  constructor(forms: readonly NameForm[], controlPort: () => number) {
    const served = forms.map(servedNames);
    this.#controlHosts = new Set(served.flatMap(({ hosts }) => hosts));
    // Whether it answers under a vault's name is for the instance to say.
    this.#suffixes = served.flatMap(({ suffixes }) => suffixes);
    this.#controlPort = controlPort;
  }

  /** `port` 0: known, not serving; undefined: there is none of that name any more. */
  setInstance(name: string, port: number | undefined): void {
    if (port === undefined) this.#instances.delete(name.toLowerCase());
    else this.#instances.set(name.toLowerCase(), port);
  }

  /** All aliases there are now: further names, in lower case, and the instance that each leads to; empty: none now. */
  setAliases(aliases: ReadonlyMap<string, string>): void {
    this.#aliases = new Map([...aliases].map(([alias, name]) => [alias, name.toLowerCase()]));
  }

  resolve(hostname: string): Target {
    const wanted = hostname.toLowerCase();
    if (this.#controlHosts.has(wanted)) return { kind: 'serving', port: this.#controlPort() };
    for (const suffix of this.#suffixes) {
      if (!wanted.endsWith(suffix)) continue;
      const named = wanted.slice(0, -suffix.length);
      // An instance's own name is never an alias of another.
      const instance = this.#instances.has(named) ? named : this.#aliases.get(named);
      if (instance === undefined) return { kind: 'unknown', instance: named };
      const port = this.#instances.get(instance) ?? 0;
      return port === 0 ? { kind: 'down' } : { kind: 'serving', port, instance };
    }
    return { kind: 'unknown' };
  }
}
