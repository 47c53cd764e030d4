// Events as a part of the watcher: follows the logs of instances that may tell somebody, and delivers what they say is to be told. Where to,
// a worker says, and the supervisor has to allow it, by what the instance was started with: neither sends anybody anywhere alone.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { EventTargets } from '../../features/events/targets.ts';
import { postEvent } from '../../http/post-event.ts';
import type { Link } from '../../links/link.ts';
import type { WatchAct } from '../../links/watch-act.ts';
import type { WatchedInstance } from '../../links/watcher-messages.ts';
import { type EventReceiver, readEventReceiver, workerAsked } from '../../links/worker-asked.ts';
import { FollowedLogs, followedLog } from '../followed-logs.ts';
import { keepState, keptState } from '../kept-state.ts';
import type { WatchedLog } from '../watched-logs.ts';
import { type EventOutlet, Events } from './events.ts';
import { newEventsState, parseEventsState } from './events-state.ts';

export interface EventsPartOptions {
  readonly profile: 'dev' | 'production';
  /** Of the watcher; it exists. */
  readonly folder: string;
  readonly record: (instance: string, act: WatchAct) => Promise<void>;
  readonly link: Pick<Link, 'request'>;
  readonly report: (what: string) => void;
  /** Milliseconds of a clock that nobody sets. */
  readonly steady?: () => number;
}

export class EventsPart implements AsyncDisposable {
  readonly #options: EventsPartOptions;
  readonly #events: Events;
  readonly #stop = new AbortController();
  readonly #followed: FollowedLogs;
  #targets: ReadonlyMap<string, NonNullable<WatchedInstance['eventTargets']>> = new Map();

  constructor(options: EventsPartOptions) {
    const { folder, record, report, steady = () => performance.now() } = options;
    const path = join(folder, 'events.json');
    this.#options = options;
    this.#events = new Events({
      // What the logs hold is told anew, but for what they say was delivered.
      state: keptState(path, parseEventsState, report) ?? newEventsState(),
      save: (state) => keepState(path, state),
      record,
      ask: (instance) => this.#ask(instance),
      outlet: (instance, address) => this.#outlet(instance, address),
      now: Date.now,
      steady,
      report,
      stopping: this.#stop.signal,
    });
    const step = (): Promise<void> => this.#events.step();
    this.#followed = new FollowedLogs({ taker: this.#events, step, report, stopping: this.#stop.signal });
  }

  update(logs: readonly WatchedLog[], instances: readonly Pick<WatchedInstance, 'name' | 'eventTargets'>[]): void {
    const all = logs.filter(({ isManagement }) => !isManagement);
    this.#targets = new Map(instances.map(({ name, eventTargets = [] }) => [name, eventTargets]));
    const may = ({ instance }: WatchedLog): boolean =>
      instance !== undefined && (this.#targets.get(instance)?.length ?? 0) > 0;
    const followed = all.filter(may).map((log) => followedLog(log, ''));
    for (const log of all) if (log.instance === undefined) this.#events.forget(followedLog(log, '').id);
    this.#events.update(followed);
    this.#followed.update(followed);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#followed.ended;
    await this.#events.close();
  }

  async #ask(instance: string): Promise<EventReceiver | undefined> {
    const { link } = this.#options;
    try {
      const { told } = await link.request(workerAsked, { instance, at: 0, asked: { kind: 'events' } });
      return told === undefined ? undefined : readEventReceiver(told, 'told');
    } catch {
      return undefined; // it does not run, or says what is no answer
    }
  }

  /** Read anew for each: an origin that was taken out is sent nothing more. */
  #outlet(instance: string, address: string): EventOutlet | undefined {
    const { profile, report } = this.#options;
    try {
      const readFile = (path: string): string => readFileSync(path, 'utf8');
      const target = new EventTargets(this.#targets.get(instance) ?? [], { profile, readFile }).find(address);
      if (target === undefined) return undefined;
      return { place: target.url.origin, send: (event, stopping) => postEvent(target, event, stopping) };
    } catch (error) {
      report(`eventTargets of ${instance} cannot be used: ${(error as Error).message}`);
      return undefined;
    }
  }
}
