// The network rules that hold in this worker now: those of the configuration, then whatever the supervisor tells.
import { type NetworkRules, OPEN_NETWORK } from '../formats/network-rules.ts';

export class LiveNetwork {
  #current: NetworkRules;
  readonly #heard = new Set<(rules: NetworkRules) => void>();

  constructor(rules: NetworkRules = OPEN_NETWORK) {
    this.#current = rules;
  }

  get current(): NetworkRules {
    return this.#current;
  }

  /** `changed` has returned before the change is said to be in force: open connections are its business too. */
  onChange(changed: (rules: NetworkRules) => void): void {
    this.#heard.add(changed);
  }

  set(rules: NetworkRules): void {
    this.#current = rules;
    for (const changed of this.#heard) changed(rules);
  }
}
