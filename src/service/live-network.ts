// The network rules that hold in this worker now: those of the configuration, then whatever the supervisor tells. Open
// connections are judged by them too, at their next request.
import { type ArrivingPeer, compileRules, type Refusal } from '../features/network-rules/admission.ts';
import { type NetworkRules, OPEN_NETWORK } from '../formats/network-rules.ts';

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
