// What clients asked and were told, and when: what a run is judged by afterwards.

export type Model = 'key' | 'rights';

/** As the checker of histories reads it (checker/main.go). Without `return` nobody knows whether it was done, or when. */
export interface Event {
  readonly client: number;
  /** Nanoseconds since the beginning. */
  readonly call: number;
  return?: number;
  readonly do: string;
  /** Of a role assignment. */
  readonly name?: string;
  answer?: string;
  version?: string;
  enabled?: boolean;
  all?: readonly string[];
}

export interface ObjectHistory {
  readonly object: string;
  readonly model: Model;
  readonly events: Event[];
}

/** An operation that may be repeated without harm and that was not answered as it must be, or any that a caller with a token is refused. */
export interface Failure {
  readonly what: string;
  readonly call: number;
  readonly end: number;
  /** What kept it: `503`, `cut`, `401`, or what it was instead. */
  readonly how: string;
  readonly text: string;
}

/** A time in which something was wrong, until all was seen to be well again. */
export interface Trouble {
  readonly number: number;
  readonly kind: string;
  readonly what: string;
  readonly start: number;
  /** Nothing is broken any more; what follows until the end is how long the product takes to be well again. */
  mended?: number;
  end: number | undefined;
  /** Whether anything met it: a process was there to be stopped, a call failed, a clock was read. */
  met?: boolean;
  /** How a repeatable operation may fail that meets it: `503` where nothing can be recorded or read, `cut` where a worker ends, … */
  readonly excuses: ReadonlySet<string>;
}

export class History {
  readonly objects: ObjectHistory[] = [];
  readonly failures: Failure[] = [];
  readonly troubles: Trouble[] = [];
  /** Ids of all answers that must stand in the log, with what was asked and the status that was told. */
  readonly answered = new Map<string, { readonly what: string; readonly status: number }>();
  /** Answers that nothing excuses, whenever they come. */
  readonly wrong: string[] = [];
  /** What the harness itself could not do, or had to do in the product's place. Each is a finding, as it may have hidden one. */
  readonly broken: string[] = [];
  /** Answers by status, and what came instead of one. */
  readonly told = new Map<string, number>();
  /** The longest time in which no client was served an operation on keys that nothing happens to, and when it ended. */
  readonly outage = { milliseconds: 0, end: 0 };
  #servedAt: number | undefined;
  changes = 0;
  operations = 0;
  refusals = 0;
  unanswered = 0;
  slowest = 0;

  count(told: string): void {
    this.told.set(told, (this.told.get(told) ?? 0) + 1);
  }

  /** One of the steady operations was done. */
  served(): void {
    const now = performance.now();
    const gap = now - (this.#servedAt ?? now);
    if (gap > this.outage.milliseconds) Object.assign(this.outage, { milliseconds: gap, end: this.now() });
    this.#servedAt = now;
  }

  /** Integers, as the checker reads them. */
  now(): number {
    return Math.round(performance.now() * 1e6);
  }

  begin(object: string, model: Model): ObjectHistory {
    const history: ObjectHistory = { object, model, events: [] };
    this.objects.push(history);
    return history;
  }
}
