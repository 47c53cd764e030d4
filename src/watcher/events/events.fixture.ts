// For tests: events of one log, a receiver that does as it is told, and a clock and a disk that are moved by hand.
import type { Delivery } from '../../http/post-event.ts';
import { auditEntryJson, ownEntry } from '../../links/recorder/entry.ts';
import type { WatchAct } from '../../links/watch-act.ts';
import type { EventReceiver } from '../../links/worker-asked.ts';
import type { FollowedLog } from '../followed-logs.ts';
import { Events } from './events.ts';
import { newEventsState, parseEventsState } from './events-state.ts';

export const LOG: FollowedLog = {
  id: '11111111-2222-4333-8444-555555555555',
  name: 'dev',
  folder: '',
  source: '/hsms/dev',
};
export const SINCE = 1_000_000_000;
export const ADDRESS = 'https://hooks.example/keys?code=s3cret';

export interface SentEvent {
  readonly id: string;
  readonly subject: string;
  readonly type: string;
  readonly source: string;
  readonly to: string;
  readonly at: number;
}

/** As a worker writes it. */
export function dueEntry(subject: string, id: string, since = SINCE): Buffer {
  const event = { id, type: 'T', subject, time: '2026-11-28T00:00:00.000Z', data: { ObjectName: subject } };
  const properties = { detail: { event, since } };
  return Buffer.from(auditEntryJson(ownEntry({ category: 'AuditEvent', operationName: 'EventDue', properties })));
}

export class EventsBench {
  /** Milliseconds. */
  now = 1000 * SINCE;
  readonly log: Buffer[];
  saved = JSON.stringify(newEventsState());
  receiver: EventReceiver | undefined = { since: SINCE, address: ADDRESS };
  allowed = (address: string): boolean => address.startsWith('https://hooks.example/');
  answer: (event: SentEvent) => Delivery['outcome'] | Promise<Delivery['outcome']> = () => 'taken';
  recorder: 'works' | 'down' = 'works';
  /** All that was sent, taken or not. */
  readonly sent: SentEvent[] = [];
  readonly taken: SentEvent[] = [];
  readonly recorded: WatchAct[] = [];
  /** How often an act was to be put on record. */
  acting = 0;
  readonly reports: string[] = [];
  events: Events;

  constructor(log: Buffer[] = []) {
    this.log = log;
    this.events = this.start();
  }

  /** From what was saved: all else is lost. */
  start(): Events {
    this.events = new Events({
      state: parseEventsState(this.saved),
      save: (state) => Promise.resolve(void (this.saved = JSON.stringify(state))),
      record: (instance, act) => this.#record(instance, act),
      ask: () => Promise.resolve(this.receiver),
      outlet: (_, address) => (this.allowed(address) ? this.#outlet(address) : undefined),
      now: () => this.now,
      steady: () => this.now,
      report: (what) => this.reports.push(what),
      stopping: new AbortController().signal,
    });
    this.events.update([LOG]);
    return this.events;
  }

  due(subject: string, id = `${subject}-${this.log.length}`): void {
    this.log.push(dueEntry(subject, id));
  }

  /** Reads and sends until nothing is left to do at this time. */
  async settle(): Promise<void> {
    for (let before = ''; before !== this.#state(); ) {
      before = this.#state();
      const next = this.events.next(LOG);
      const entries = this.log.slice(next, next + 256);
      if (entries.length > 0 && !this.events.isFull(LOG)) this.events.take(LOG, next, entries);
      if (this.events.next(LOG) >= this.log.length) this.events.caughtUp(LOG);
      await this.events.step();
    }
  }

  async pass(ms: number, step = 10_000): Promise<void> {
    for (const end = this.now + ms; this.now < end; ) {
      this.now += step;
      await this.settle();
    }
  }

  acts(failure?: string): readonly WatchAct[] {
    return this.recorded.filter((act) => act.failure === failure);
  }

  #state(): string {
    return [this.sent.length, this.recorded.length, this.events.next(LOG)].join();
  }

  #record(instance: string, { what, description, detail, failure }: WatchAct): Promise<void> {
    this.acting += 1;
    if (this.recorder === 'down') return Promise.reject(new Error('it is not there'));
    this.recorded.push({ what, description, detail, ...(failure === undefined ? {} : { failure }) });
    const result = failure === undefined ? {} : { resultType: 'Failed' as const, resultSignature: failure };
    const entry = { operationName: what, resultDescription: description, properties: { detail }, PoolName: instance };
    this.log.push(Buffer.from(auditEntryJson(ownEntry({ category: 'AuditEvent', ...entry, ...result }))));
    return Promise.resolve();
  }

  #outlet(to: string) {
    return {
      place: new URL(to).origin,
      send: async (text: string) => {
        const { id, subject, type, source } = JSON.parse(text) as SentEvent;
        const event = { id, subject, type, source, to, at: this.now };
        this.sent.push(event);
        const outcome = await this.answer(event);
        if (outcome === 'taken') this.taken.push(event);
        return { outcome, detail: `was ${outcome}` };
      },
    };
  }
}
