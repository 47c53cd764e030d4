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

/** An operation that may be repeated without harm, on a key that nothing happens to, and that was not answered as it must be. */
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
  end: number | undefined;
  /** How a repeatable operation may fail that meets it: `503` where nothing can be recorded or read, `cut` where a worker ends, … */
  readonly excuses: ReadonlySet<string>;
}

export class History {
  readonly objects: ObjectHistory[] = [];
  readonly failures: Failure[] = [];
  readonly troubles: Trouble[] = [];
  /** Ids of all answers that must stand in the log, with what was asked. */
  readonly answered = new Map<string, string>();
  /** Answers that nothing excuses, whenever they come. */
  readonly wrong: string[] = [];
  changes = 0;
  operations = 0;
  refusals = 0;
  unanswered = 0;
  slowest = 0;

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
