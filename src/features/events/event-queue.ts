// When which key has something to tell next, kept up with the records that bear on it.
import type { Change } from '../../store/sealed/records.ts';
import { DueTimes } from '../clock/due-times.ts';
import { keyNameOf } from '../rotation/schedule.ts';
import { type OwedFrom, owedEvents } from './owed.ts';
import { isSinceRecord, parseToldRecordName } from './told.ts';

export class EventQueue {
  readonly #from: OwedFrom;
  #due = new DueTimes();

  constructor(from: OwedFrom) {
    this.#from = from;
  }

  /** Takes note of a change that keys, policies and told events have taken already. */
  apply({ name: recordName }: Change): void {
    const name = keyNameOf(recordName) ?? parseToldRecordName(recordName);
    if (name !== undefined) this.update(name);
    if (isSinceRecord(recordName)) this.#rebuild();
  }

  update(name: string): void {
    this.#due.set(name, owedEvents(name, this.#from)[0]?.due);
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
