// Where requests come in and answers leave: all those of one turn of the event loop together, after the loop has read every
// socket. One look at the store then serves all of them, and the work leaves in bursts: both measured as the largest gains.

import type { Outcome } from '../../http/answer.ts';
import type { Call, WholeCall } from '../../http/call.ts';
import { ServiceError } from '../../http/service-error.ts';
import type { Records } from '../../store/sealed/records.ts';

export interface LoopTurnParts {
  readonly refresh: Records['refresh'];
  /** Throws when the caller's right is gone. */
  readonly judge: (call: WholeCall) => void;
  readonly write: (call: Call, outcome: Outcome) => void;
  /** Takes the call instead: what was done is on record, and its result goes to nobody. */
  readonly withhold: (call: Call, error: unknown) => void;
  /** @param waited since the look at the store, which is then older than the last byte of the request may be */
  readonly serve: (call: Call, waited: boolean) => void;
  readonly refuse: (call: Call, error: unknown) => void;
}

interface HeldAnswer {
  readonly call: WholeCall;
  readonly outcome: Outcome;
}

/**
 * An operation may have begun before the right to it was taken away and end after: its answer is judged once more, on the store as
 * it is right before the first byte goes out, and withheld when the right is gone. So answers leave first, and one look does for them
 * and for what has arrived: that was read before it.
 */
export function openLoopTurns(parts: LoopTurnParts) {
  const { refresh, serve, refuse } = parts;
  let arrived: Call[] = [];
  let departing: HeldAnswer[] = [];
  let isDue = false;

  const run = (): void => {
    const [calls, answers] = [arrived, departing];
    [arrived, departing, isDue] = [[], [], false];
    const fresh = refresh();
    if (fresh === undefined) {
      leave(answers, parts);
      for (const call of calls) serve(call, false);
      return;
    }
    const whole = new Set(calls.filter(({ request }) => request.complete));
    fresh.then(
      () => {
        leave(answers, parts);
        for (const call of calls) serve(call, !whole.has(call));
      },
      // The store cannot say whether a right holds: then it does not.
      (error: unknown) => {
        for (const { call } of answers) parts.withhold(call, error);
        for (const call of calls) refuse(call, error);
      },
    );
  };
  const schedule = (): void => {
    if (isDue) return;
    isDue = true;
    setImmediate(run);
  };

  return {
    arrive(call: Call): void {
      arrived.push(call);
      schedule();
    },
    depart(call: WholeCall, outcome: Outcome): void {
      departing.push({ call, outcome });
      schedule();
    },
  };
}

/** Synchronous from the look at the store to the write: no other work of this process comes between. */
function leave(departing: readonly HeldAnswer[], { judge, write, withhold }: LoopTurnParts): void {
  for (const { call, outcome } of departing) {
    let gone: unknown;
    try {
      judge(call);
      write(call, outcome);
    } catch (error) {
      gone = error;
    }
    if (gone !== undefined) withhold(call, gone);
  }
}

/**
 * Who waits so long for their turn is told to come again: what is admitted takes hardly longer, and refusals are few. A request that
 * waits for those of its own principal is let in instead: they hang, as with a partition that does, and it need not.
 */
const PATIENCE_MS = 2_000;
/** Of whoever called so lately it is taken that they go on. */
const AMONG_OTHERS_MS = 1_000;
/** In RSA-2048 signatures of all together: a partition has one to do and one that waits, and more only where nobody else waits for it. */
export function operationLimits(partitions: number): TurnLimits {
  return { amongOthers: 2 * partitions, alone: 256 };
}
/** Light requests of each: what one has at work is what others wait for whenever they ask. With fewer the bursts are too small. */
export const REQUESTS: TurnLimits = { amongOthers: 8, alone: Number.POSITIVE_INFINITY, ofEach: true };
const SWEEP_MS = 250;
/** Whoever has few of them waiting is let in beyond it. */
const MOST_WAITING = 8_192;

interface TurnLimits {
  readonly amongOthers: number;
  readonly alone: number;
  /** Counted for each principal by itself. */
  readonly ofEach?: true;
}

interface Waiting {
  readonly since: number;
  readonly weight: number;
  readonly turn: PromiseWithResolvers<void>;
}

interface Principal {
  atWork: number;
  readonly waiting: Waiting[];
}

/**
 * Whose turn is next. The worker does what has come in the order in which it came, and so does the module with what it is given:
 * whoever has hundreds of connections may not give them all that they have. Everybody may have one at work, whatever others have;
 * beyond, they take turns.
 */
export class FairTurns {
  readonly #limits: TurnLimits;
  readonly #now: () => number;
  readonly #principals = new Map<string, Principal>();
  /** Those who have some waiting, the next one first. */
  readonly #line = new Set<string>();
  #atWork = 0;
  #waiting = 0;
  #last: string | undefined;
  #amongOthersUntil = Number.NEGATIVE_INFINITY;
  #sweep: NodeJS.Timeout | undefined;

  /** @param now milliseconds of a clock that only goes forward */
  constructor(limits: TurnLimits, now: () => number = () => performance.now()) {
    this.#limits = limits;
    this.#now = now;
  }

  /** Whoever calls at all is somebody for whom others leave room. */
  notice(name: string): void {
    if (name === this.#last) return;
    if (this.#last !== undefined) this.#amongOthersUntil = this.#now() + AMONG_OTHERS_MS;
    this.#last = name;
  }

  /** Of all together. */
  get waiting(): number {
    return this.#waiting;
  }

  get isAlone(): boolean {
    return this.#now() >= this.#amongOthersUntil;
  }

  /** Undefined: at once. `leave` must follow. @throws ServiceError Throttled, or rejects with it: then it must not */
  enter(name: string, weight: number): Promise<void> | undefined {
    const own = this.#principals.get(name) ?? { atWork: 0, waiting: [] };
    this.#principals.set(name, own);
    const ahead = this.#limits.ofEach ? own.waiting.length : this.#waiting;
    if (own.atWork === 0 || (ahead === 0 && this.#hasRoom(own))) {
      own.atWork += 1;
      this.#atWork += weight;
      return undefined;
    }
    if (this.#waiting >= MOST_WAITING && own.waiting.length * this.#line.size >= MOST_WAITING) throw overloaded();
    const turn = Promise.withResolvers<void>();
    own.waiting.push({ since: this.#now(), weight, turn });
    this.#waiting += 1;
    this.#line.add(name);
    this.#sweep ??= setInterval(this.#endWaiting, SWEEP_MS).unref();
    return turn.promise;
  }

  leave(name: string, weight: number): void {
    this.#atWork -= weight;
    const own = this.#principals.get(name);
    if (own === undefined) return;
    own.atWork -= 1;
    if (own.atWork === 0 && own.waiting.length > 0) this.#admit(name, own);
    else if (own.atWork === 0) this.#principals.delete(name);
    for (let next = this.#nextAfter(name); next !== undefined; next = this.#nextAfter(name)) {
      const principal = this.#principals.get(next);
      if (principal === undefined || !this.#hasRoom(principal)) break;
      this.#admit(next, principal);
    }
  }

  /** Where each is counted by itself, only who leaves has room by it. */
  #nextAfter(name: string): string | undefined {
    if (this.#limits.ofEach) return this.#line.has(name) ? name : undefined;
    return this.#line.values().next().value;
  }

  #hasRoom({ atWork }: Principal): boolean {
    const { amongOthers, alone, ofEach } = this.#limits;
    const taken = ofEach ? atWork : this.#atWork;
    return taken < amongOthers || (taken < alone && this.isAlone);
  }

  /** The first that waits; the principal goes to the end of the line. */
  #admit(name: string, principal: Principal): void {
    const next = principal.waiting.shift();
    this.#line.delete(name);
    if (principal.waiting.length > 0) this.#line.add(name);
    if (next === undefined) return;
    this.#waiting -= 1;
    this.#atWork += next.weight;
    principal.atWork += 1;
    next.turn.resolve();
  }

  #endWaiting = (): void => {
    const late = this.#now() - PATIENCE_MS;
    for (const name of [...this.#line]) {
      const own = this.#principals.get(name);
      if (own === undefined) continue;
      const kept = own.waiting.findIndex(({ since }) => since > late);
      const count = kept < 0 ? own.waiting.length : kept;
      if (this.#limits.ofEach) for (let n = 0; n < count; n++) this.#admit(name, own);
      else this.#refuse(name, own, count);
    }
    if (this.#waiting > 0) return;
    clearInterval(this.#sweep);
    this.#sweep = undefined;
  };

  #refuse(name: string, { waiting }: Principal, count: number): void {
    this.#waiting -= count;
    const refused = waiting.splice(0, count);
    if (waiting.length === 0) this.#line.delete(name);
    for (const { turn } of refused) turn.reject(overloaded());
  }
}

function overloaded(): ServiceError {
  return new ServiceError('Throttled', 'More is asked of this HSM than it can do now; try again in 1 s', {
    innerCode: 'Overloaded',
  });
}
