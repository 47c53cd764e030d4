// When which key has something to tell next, kept up with the records that bear on it.
import { type Follow, feeding, follow } from '../../store/sealed/follow-records.ts';
import type { Apply } from '../../store/sealed/records.ts';
import { DueTimes } from '../clock/due-times.ts';
import { followKeys } from '../rotation/schedule.ts';
import { deliveredKind, sinceKind } from './delivered-events.ts';
import { type PendingFrom, pendingEvents } from './pending-events.ts';

export class EventQueue {
  readonly #from: PendingFrom;
  #due = new DueTimes();

  constructor(from: PendingFrom) {
    this.#from = from;
  }

  /** After keys, policies and told events. */
  readonly follows: readonly Follow[] = [
    ...followKeys((name) => this.update(name)),
    follow(deliveredKind, (name) => this.update(name)),
    follow(sinceKind, () => this.#rebuild()),
  ];
  readonly apply: Apply = feeding(this.follows);

  update(name: string): void {
    this.#due.set(name, pendingEvents(name, this.#from)[0]?.due);
  }

  /** The key, by its lower-case name, that is next to tell something. */
  next(): { readonly name: string; readonly time: number } | undefined {
    return this.#due.next();
  }

  /** Not before this time, unless one of the key's records changes. */
  postpone(name: string, until: number): void {
    this.#due.set(name, until);
  }

  #rebuild(): void {
    this.#due = new DueTimes();
    if (this.#from.told.since === undefined) return;
    const { keys } = this.#from;
    for (const { name } of keys.listAfter(undefined, keys.size)) this.update(name.toLowerCase());
  }
}
