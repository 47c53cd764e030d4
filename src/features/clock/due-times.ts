// Which of many names is due next. Neither a change of one nor the question grows with their number.
import { SortedList } from '../../formats/sorted-list.ts';

interface Due {
  readonly name: string;
  readonly time: number;
}

export class DueTimes {
  readonly #times = new Map<string, number>();
  readonly #due = new SortedList<Due>((a, b) => a.time - b.time || (a.name < b.name ? -1 : Number(a.name > b.name)));

  /** @param time undefined: nothing is due for this name; nor is what leaves the calendar, whose time is not a number */
  set(name: string, time: number | undefined): void {
    const before = this.#times.get(name);
    if (before === time) return;
    if (before !== undefined) this.#due.remove({ name, time: before });
    this.#times.delete(name);
    if (time === undefined || Number.isNaN(time)) return;
    this.#times.set(name, time);
    this.#due.add({ name, time });
  }

  next(): Due | undefined {
    return this.#due.after(undefined, 1)[0];
  }
}
