// What came true and who has it, as the logs of the product and the watcher's file say. Files of the product are moved about meanwhile: what
// cannot be read now is read later.
import type { Places } from '../../deployment/data-layout.ts';
import { parseEntry } from '../../features/audit/logged-call.ts';
import { openEntries } from '../../features/audit/read-entries.ts';
import { readWatchAct, type WatchAct } from '../../links/watch-act.ts';
import type { AlertState } from '../../watcher/alerts/alert-state.ts';
import { factsOf, isOf } from '../../watcher/alerts/judge.ts';
import type { Rule } from '../../watcher/alerts/rule.ts';
import { findLogs } from '../../watcher/watched-logs.ts';
import { instancesIn } from '../instance-folder.ts';

/** Of the first alert of a rule. `at`: milliseconds. */
interface First {
  readonly at: number;
  readonly said: string;
}

export class Told {
  readonly #at: Places;
  readonly #state: () => AlertState | undefined;
  readonly fired = new Map<string, First>();
  /** By rule and outlet. */
  readonly #delivered = new Map<string, First>();
  readonly #givenUp = new Map<string, First>();

  constructor(at: Places, state: () => AlertState | undefined) {
    this.#at = at;
    this.#state = state;
  }

  look(): void {
    for (const { text } of entriesOf(this.#at)) {
      if (!ACTS.test(text)) continue;
      const entry = parseEntry(text);
      const { properties } = entry as { readonly properties?: { readonly detail?: unknown } };
      const { time, operationName: what, resultDescription: description } = entry ?? {};
      this.#take(readWatchAct({ what, description, detail: properties?.detail }, 'entry'), Date.parse(String(time)));
    }
    // Those of a log that cannot be written wait there.
    for (const { act } of this.#state()?.acts ?? []) this.#take(act, Date.now());
  }

  at(rule: string, outlet: string): { readonly taken?: First | undefined; readonly givenUp?: First | undefined } {
    const key = keyOf(rule, outlet);
    return { taken: this.#delivered.get(key), givenUp: this.#givenUp.get(key) };
  }

  #take({ what, description: said, detail: { rule = '', outlet = '' } }: WatchAct, at: number): void {
    const first = { at, said };
    if (what === 'AlertFired') this.fired.getOrInsert(rule, first);
    if (what === 'AlertDelivered') this.#delivered.getOrInsert(keyOf(rule, outlet), first);
    if (what === 'AlertGivenUp') this.#givenUp.getOrInsert(keyOf(rule, outlet), first);
  }
}

const ACTS = /"operationName":"Alert(?:Fired|Delivered|GivenUp)"/;

const keyOf = (rule: string, outlet: string): string => `${rule} ${outlet}`;

/** Of each rule over entries: the operations whose entries it holds for, whether or not each was told by itself. */
export function operationsOf(at: Places, rules: readonly Rule[]): ReadonlyMap<string, ReadonlySet<string>> {
  const found = new Map<string, Set<string>>();
  for (const { name, text } of entriesOf(at)) {
    const entry = parseEntry(text);
    const operation = String(entry?.['operationName']);
    for (const rule of rules) {
      if (entry === undefined || rule.kind === 'state' || rule.kind === 'metric') continue;
      if (!rule.operations.some((each) => isOf(operation, each)) || rule.when(factsOf(entry, { name })) !== true)
        continue;
      found.getOrInsertComputed(rule.name, () => new Set()).add(operation);
    }
  }
  return found;
}

function entriesOf(at: Places): readonly { readonly name: string; readonly text: string }[] {
  return findLogs(at, instancesIn(at.root)).flatMap(({ folder, instance, isManagement }) => {
    try {
      const name = isManagement ? '@management' : (instance ?? '');
      return [...openEntries(folder).from(0)].map(({ text }) => ({ name, text }));
    } catch {
      return [];
    }
  });
}
