// From events that a log says are to be told to what the receiver has taken. An event counts as delivered once that is on record in the
// same log: a crash before sends it again, under the same id.
import { cloudEvent, type NamedEvent } from '../../formats/cloud-event.ts';
import { isoTime } from '../../formats/iso-time.ts';
import { Backoff } from '../../http/backoff.ts';
import type { Delivery } from '../../http/post-event.ts';
import type { WatchAct } from '../../links/watch-act.ts';
import type { EventReceiver } from '../../links/worker-asked.ts';
import type { FollowedLog } from '../followed-logs.ts';
import { digest, otherLog } from '../sinks/kept-position.ts';
import { WayOut } from '../way-out.ts';
import { type EventsState, type LogEvents, MOST_KEPT, MOST_PENDING } from './events-state.ts';
import { MOST_IN_ACT, NOT_DELIVERED, type PendingEvent, recordedEvents } from './recorded-events.ts';

/** One address that the configuration allows. */
export interface EventOutlet {
  /** Its origin: what comes after it may be secret. */
  readonly place: string;
  /** Bounded in time by itself; it never throws. @param event JSON of a CloudEvent */
  send(event: string, stopping: AbortSignal): Promise<Delivery>;
}

export interface EventsOptions {
  readonly state: EventsState;
  /** Makes it durable. @throws when it cannot */
  readonly save: (state: EventsState) => Promise<void>;
  /** Puts it into the log of the instance. @throws when it cannot */
  readonly record: (instance: string, act: WatchAct) => Promise<void>;
  /** A worker of the instance, of the state of now. Undefined: none says so. */
  readonly ask: (instance: string) => Promise<EventReceiver | undefined>;
  /** Undefined: the configuration of the instance does not allow the address. */
  readonly outlet: (instance: string, address: string) => EventOutlet | undefined;
  /** Milliseconds of real time. */
  readonly now: () => number;
  /** Milliseconds of a clock that nobody sets: pauses go by it. */
  readonly steady: () => number;
  readonly report: (what: string) => void;
  readonly stopping: AbortSignal;
}

const SAVED_EVERY_MS = 5_000;
/** While there is nowhere to send to, and while the receiver is left alone: the address may be another by then. */
const ASK_AGAIN_MS = 5_000;
/** After an act that could not be put on record. */
const RECORD_AGAIN_MS = 5_000;
const DAY_MS = 86_400_000;

export class Events {
  readonly #options: EventsOptions;
  readonly #state: EventsState;
  readonly #lines = new Map<string, Line>();
  #logs: readonly FollowedLog[] = [];
  /** Ids of those that were read to their end since they are followed: what was delivered before is known. */
  #read = new Set<string>();
  #isChanged = false;
  #savedAt = Number.NEGATIVE_INFINITY;

  constructor(options: EventsOptions) {
    this.#options = options;
    this.#state = options.state;
  }

  /** Of instances that may tell somebody; of others nothing is sent, and nothing forgotten. */
  update(logs: readonly FollowedLog[]): void {
    this.#logs = logs;
    this.#read = this.#read.intersection(new Set(logs.map(({ id }) => id)));
  }

  /** Its instance is gone. */
  forget(id: string): void {
    delete this.#state.logs[id];
    this.#lines.delete(id);
  }

  next({ id }: FollowedLog): number {
    return this.#state.logs[id]?.place.next ?? 0;
  }

  isFull({ id }: FollowedLog): boolean {
    const pending = this.#state.logs[id]?.pending ?? [];
    if (pending.length < MOST_PENDING || pending.length >= MOST_KEPT) return pending.length >= MOST_KEPT;
    const failing = new Set(pending.filter(({ failed }) => failed).map(({ event }) => keyOf(event)));
    return pending.filter(({ event }) => !failing.has(keyOf(event))).length >= MOST_PENDING;
  }

  caughtUp({ id }: FollowedLog): void {
    this.#read.add(id);
  }

  isSame({ id, name }: FollowedLog, entryAt: (index: number) => Buffer | undefined): boolean {
    const why = otherLog(this.#state.logs[id]?.place ?? { next: 0 }, entryAt);
    if (why === undefined) return true;
    this.#options.report(`events of ${name} are read from the beginning: ${why}`);
    delete this.#state.logs[id];
    this.#read.delete(id);
    return false;
  }

  take({ id }: FollowedLog, first: number, entries: readonly Buffer[]): void {
    const log = this.#log(id);
    for (const said of entries.map(recordedEvents)) {
      if (said === undefined) continue;
      if ('over' in said) drop(log, ({ event }) => said.over.has(event.id));
      else if (!log.pending.some(({ event }) => event.id === said.due.event.id))
        log.pending = [...log.pending, said.due];
    }
    const newest = entries.at(-1);
    if (newest !== undefined) log.place = { next: first + entries.length, last: digest(newest) };
    this.#isChanged = true;
  }

  /** Begins what is due. @returns when all that it has begun is done */
  async step(): Promise<void> {
    const { steady } = this.#options;
    const work = this.#logs.map((log) => this.#send(log));
    if (this.#isChanged && steady() - this.#savedAt >= SAVED_EVERY_MS) work.push(this.#save());
    await Promise.all(work);
  }

  /** At a clean end. */
  async close(): Promise<void> {
    if (this.#isChanged) await this.#save();
  }

  #log(id: string): LogEvents {
    return (this.#state.logs[id] ??= { place: { next: 0 }, pending: [] });
  }

  /** All that may be sent of one instance, until the receiver fails. */
  async #send(log: FollowedLog): Promise<void> {
    const line = this.#lines.get(log.id) ?? new Line();
    this.#lines.set(log.id, line);
    const { steady, stopping } = this.#options;
    if (line.isBusy || steady() < line.again || !(this.#read.has(log.id) || this.isFull(log))) return;
    line.isBusy = true;
    try {
      while (!stopping.aborted && this.#log(log.id).pending.length > 0) {
        if (await this.#sendOne(log, line)) continue;
        line.again = steady() + ASK_AGAIN_MS;
        return;
      }
    } finally {
      line.isBusy = false;
    }
  }

  /** @returns whether there may be another one to send at once */
  async #sendOne(log: FollowedLog, line: Line): Promise<boolean> {
    const { ask, outlet, steady, stopping } = this.#options;
    await this.#putOnRecord(log, line);
    const receiver = await ask(log.name);
    if (receiver === undefined) return false;
    const kept = this.#log(log.id);
    // What was told before events were turned off is owed to nobody.
    const isOwed = ({ event, since }: { event: NamedEvent; since: number }): boolean =>
      since === receiver.since || line.taken.has(event.id);
    if (!kept.pending.every(isOwed)) this.#drop(log.id, (each) => !isOwed(each));
    const { address } = receiver;
    const to = address === undefined ? undefined : outlet(log.name, address);
    if (address === undefined || to === undefined) return false;
    if (line.address !== address) {
      if (line.address !== undefined) kept.pending = kept.pending.map(({ event, since }) => ({ event, since }));
      line.begin(address, new WayOut(steady));
    }
    if (line.way?.isOpen !== true || line.taken.size >= MOST_IN_ACT) return false;
    const due = line.next(kept, steady());
    if (due === undefined) return kept.pending.length === 0;
    const delivery = await line.way.send(() => to.send(cloudEvent(log.source, due.event), stopping));
    if (delivery.outcome === 'failed' && stopping.aborted) return false;
    await this.#became(log, line, { due, to }, delivery);
    if (delivery.outcome === 'failed') await this.#makeRoom(log, line, to);
    return true;
  }

  async #became(
    log: FollowedLog,
    line: Line,
    { due, to }: { readonly due: PendingEvent; readonly to: EventOutlet },
    { outcome, detail: how, pause }: Delivery & { readonly pause: number },
  ): Promise<void> {
    const { now, steady } = this.#options;
    const { event } = due;
    const said = `${event.type} ${event.id}: ${to.place} ${how}.`;
    if (outcome === 'taken') {
      line.took(event, `${to.place} ${how}.`);
      return await this.#putOnRecord(log, line);
    }
    const wait = outcome === 'failed' ? line.failed(due, steady()) : undefined;
    this.#hasFailed(log.id, event.id);
    if (wait === undefined) {
      const isOnRecord = await this.#giveUp(log, line, event, `${said} It is given up.`);
      // One that is not is tried again.
      if (isOnRecord) line.gaveUp(event);
      else line.failed({ ...due, failed: true }, steady());
      return;
    }
    const description = `${said} Next attempt ${isoTime((now() + Math.max(wait, pause)) / 1000)}.`;
    const detail = { events: [event.id] };
    await this.#record(log, line, { what: 'EventDeliver', description, failure: NOT_DELIVERED, detail });
  }

  /** Where nothing more can be kept, what the receiver has failed on for longest gives way: others of the log could never be read. */
  async #makeRoom(log: FollowedLog, line: Line, { place }: EventOutlet): Promise<void> {
    const kept = this.#log(log.id);
    if (kept.pending.length < MOST_KEPT) return;
    const at = this.#options.steady();
    const due = line.longestFailing(kept, at - DAY_MS);
    if (due === undefined) return;
    const { event } = due;
    const why = `${place} has failed on it for a day, and ${MOST_KEPT} events wait`;
    if (!(await this.#giveUp(log, line, event, `${event.type} ${event.id}: ${why}. It is given up.`))) return;
    // The next of the key need not fail for a day anew.
    const next = this.#log(log.id).pending.find((each) => keyOf(each.event) === keyOf(event));
    if (next === undefined) line.gaveUp(event);
    else this.#hasFailed(log.id, next.event.id);
  }

  /** @returns whether it is */
  async #giveUp(log: FollowedLog, line: Line, { id }: NamedEvent, description: string): Promise<boolean> {
    const act = { what: 'EventDeliver', description, failure: 'GivenUp', detail: { events: [id] } } as const;
    if (!(await this.#record(log, line, act))) return false;
    this.#drop(log.id, ({ event }) => event.id === id);
    return true;
  }

  #hasFailed(log: string, id: string): void {
    const kept = this.#log(log);
    kept.pending = kept.pending.map((due) => (due.event.id === id ? { ...due, failed: true } : due));
    this.#isChanged = true;
  }

  /** What was taken, in as few acts as it can be. */
  async #putOnRecord(log: FollowedLog, line: Line): Promise<void> {
    const [newest] = line.taken;
    if (newest === undefined) return;
    const [, { how }] = newest;
    const alike = [...line.taken].filter(([, each]) => each.how === how).slice(0, MOST_IN_ACT);
    const events = alike.map(([id]) => id);
    const [first] = alike;
    const which = alike.length === 1 && first !== undefined ? `${first[1].type} ${first[0]}` : `${alike.length} events`;
    const act = { what: 'EventDeliver', description: `${which}: ${how}`, detail: { events } } as const;
    if (!(await this.#record(log, line, act))) return;
    for (const id of events) line.taken.delete(id);
    this.#drop(log.id, ({ event }) => events.includes(event.id));
  }

  /** @returns whether it is there */
  async #record({ name }: FollowedLog, line: Line, act: WatchAct): Promise<boolean> {
    const { record, steady } = this.#options;
    if (steady() < line.recordAgain) return false;
    try {
      await record(name, act);
      return true;
    } catch {
      line.recordAgain = steady() + RECORD_AGAIN_MS;
      return false;
    }
  }

  #drop(id: string, isOver: (due: LogEvents['pending'][number]) => boolean): void {
    drop(this.#log(id), isOver);
    this.#isChanged = true;
  }

  async #save(): Promise<void> {
    this.#isChanged = false;
    this.#savedAt = this.#options.steady();
    try {
      await this.#options.save(this.#state);
    } catch (error) {
      this.#isChanged = true;
      const { code = 'it failed' } = error as NodeJS.ErrnoException;
      this.#options.report(`what was told of events cannot be kept: ${code}`);
    }
  }
}

function drop(log: LogEvents, isOver: (due: LogEvents['pending'][number]) => boolean): void {
  log.pending = log.pending.filter((due) => !isOver(due));
}

/** The way to the receiver of one instance, and what failed on it. */
class Line {
  isBusy = false;
  again = Number.NEGATIVE_INFINITY;
  recordAgain = Number.NEGATIVE_INFINITY;
  address: string | undefined;
  way: WayOut | undefined;
  /** By id: what the receiver has, and is not on record yet. */
  readonly taken = new Map<string, { readonly type: string; readonly how: string }>();
  #takenSoFar = 0;
  /** Of each key whose event it failed on. */
  #failing = new Map<string, Failing>();
  #hasJustFailed = false;

  begin(address: string, way: WayOut): void {
    this.address = address;
    this.way = way;
    this.#failing = new Map();
    this.#hasJustFailed = false;
  }

  /**
   * Those on which the receiver has not failed first, from the oldest on, but after a failure the newest: many that it dislikes hold
   * up others no longer than one does. Then the one that has waited longest. What is told of one key goes out in its order.
   */
  next({ pending }: LogEvents, at: number): PendingEvent | undefined {
    const firsts = new Map<string, PendingEvent>();
    for (const due of pending) {
      const key = keyOf(due.event);
      if (!this.taken.has(due.event.id) && !firsts.has(key)) firsts.set(key, due);
    }
    const fresh = [...firsts.values()].filter(({ failed }) => failed !== true);
    if (fresh.length > 0) return this.#hasJustFailed ? fresh.at(-1) : fresh[0];
    const turns = [...firsts].map(([key, due]) => ({ due, from: this.#failing.get(key)?.until ?? 0 }));
    const [next] = turns.filter(({ from }) => from <= at).sort((a, b) => a.from - b.from);
    return next?.due;
  }

  /** The first of the key on which the receiver has failed for longest, if it did so then. */
  longestFailing({ pending }: LogEvents, then: number): PendingEvent | undefined {
    const [longest] = pending
      .filter(({ event, failed }) => failed === true && !this.taken.has(event.id))
      .map((due) => ({ due, since: this.#failing.get(keyOf(due.event))?.since ?? Number.POSITIVE_INFINITY }))
      .filter(({ since }) => since <= then)
      .sort((a, b) => a.since - b.since);
    return longest?.due;
  }

  took(event: NamedEvent, how: string): void {
    this.#takenSoFar += 1;
    this.#hasJustFailed = false;
    this.#failing.delete(keyOf(event));
    this.taken.set(event.id, { type: event.type, how });
  }

  /** @returns milliseconds until its next attempt; undefined: the receiver takes others, and not this one, for a day */
  failed({ event, failed }: PendingEvent, at: number): number | undefined {
    this.#hasJustFailed = true;
    const key = keyOf(event);
    const before = failed === true ? this.#failing.get(key) : undefined;
    const { backoff, takenBefore, since } = before ?? {
      backoff: new Backoff(),
      takenBefore: this.#takenSoFar,
      since: at,
    };
    const wait = 1000 * backoff.failed(at / 1000);
    this.#failing.set(key, { backoff, until: at + wait, takenBefore, since });
    return backoff.isExhausted(at / 1000) && this.#takenSoFar > takenBefore ? undefined : wait;
  }

  gaveUp(event: NamedEvent): void {
    this.#failing.delete(keyOf(event));
  }
}

/** What has failed of one key. */
interface Failing {
  readonly backoff: Backoff;
  readonly until: number;
  readonly takenBefore: number;
  /** When it did first. */
  readonly since: number;
}

function keyOf({ subject }: NamedEvent): string {
  return subject.toLowerCase();
}
