// From what comes true to what was told: alerts wait for each outlet, go out in messages, and what became of them is put on record. All of
// it is in one state that is saved before anything leaves, so that a crash repeats a message at most, under the same ids.

import { stableId } from '../../formats/cloud-event.ts';
import type { Delivery } from '../../http/post-event.ts';
import type { WatchAct } from '../../links/watch-act.ts';
import type { WatchedSample } from '../metrics/exposition.ts';
import { otherLog } from '../sinks/kept-position.ts';
import { WayOut } from '../way-out.ts';
import { type Alert, type AlertState, type Message, newState } from './alert-state.ts';
import { Judge, type JudgedLog } from './judge.ts';
import { MANAGEMENT, MOST_IN_MESSAGE, telling } from './message.ts';
import type { NamedOutlet } from './outlet.ts';
import { type OutletStatus, outletStatus } from './outlet-status.ts';
import { type Rule, SEVERITIES } from './rule.ts';
import { MOST_SILENCE_MS, type Test } from './silences.ts';

export interface AlertsOptions {
  readonly rules: readonly Rule[];
  readonly outlets: readonly NamedOutlet[];
  readonly state: AlertState;
  /** Makes it durable. @throws when it cannot */
  readonly save: (state: AlertState) => Promise<void>;
  /** Puts it into the log of the instance; '': of the management plane. @throws when it cannot */
  readonly record: (instance: string, act: WatchAct) => Promise<void>;
  /** ARM id of the instance; '': there is none. */
  readonly sourceOf: (log: string) => string;
  /** Milliseconds of real time. */
  readonly now: () => number;
  /** What is told says that it is a test, and what is not taken at once is given up. */
  readonly isTest?: boolean;
  /** Milliseconds of a clock that nobody sets: pauses go by it. */
  readonly steady: () => number;
  readonly report: (what: string) => void;
  readonly stopping: AbortSignal;
}

/** Positions alone are saved no more often: what was judged twice is told once. */
const SAVED_EVERY_MS = 5_000;
const RECORD_AGAIN_MS = 5_000;
/** What waits for one outlet; beyond, alerts are counted to the last one of their rule. */
const MOST_PENDING = 5_000;
/** What waits to be put on record. */
const MOST_ACTS = 10_000;

export class Alerts {
  readonly #options: AlertsOptions;
  readonly #state: AlertState;
  readonly #judge: Judge;
  readonly #sendings: readonly Sending[];
  /** Numbers of changes: of the newest, and of the newest that is saved. */
  #changed = 0;
  #saved = 0;
  #saving: Promise<void> = Promise.resolve();
  #savedAt = Number.NEGATIVE_INFINITY;
  #recording = false;
  #recordAt = Number.NEGATIVE_INFINITY;
  #isFull = false;

  constructor(options: AlertsOptions) {
    const { rules, outlets, state } = options;
    this.#options = options;
    this.#state = state;
    // A clock that was ahead when alerts were turned on keeps nothing quiet.
    state.since = Math.min(state.since, newState(options.now()).since);
    this.#judge = new Judge(rules, state, (alert) => this.#fired(alert));
    for (const name of Object.keys(state.outlets)) {
      if (!outlets.some((outlet) => outlet.name === name)) delete state.outlets[name];
    }
    for (const { name } of outlets) state.outlets[name] ??= { pending: [], aside: [], taken: 0 };
    this.#sendings = outlets.map((outlet) => ({
      outlet,
      way: new WayOut(options.steady, outlet.mostPerHour),
      isBusy: false,
    }));
  }

  /** What the log holds from this index on. */
  take(log: JudgedLog, first: number, entries: readonly Buffer[]): void {
    this.#judge.take(log, first, entries);
    this.#changed += 1;
  }

  status(): readonly OutletStatus[] {
    const now = this.#options.now();
    return this.#sendings.map(({ outlet: { name } }) => outletStatus(name, this.#outlet(name), now));
  }

  /** Index of the first entry that was not judged yet. */
  next(log: JudgedLog): number {
    return this.#state.logs[log.id]?.next ?? 0;
  }

  /** Whether it is still the log that was judged; one that is not is told, and judged from its beginning. */
  isSame(log: JudgedLog, entryAt: (index: number) => Buffer | undefined): boolean {
    const why = otherLog(this.#state.logs[log.id] ?? { next: 0 }, entryAt);
    if (why === undefined) return true;
    this.#judge.replaced(log, why, this.#options.now());
    this.#changed += 1;
    return false;
  }

  observe(subject: string, state: Readonly<Record<string, unknown>>): void {
    this.#held(() => this.#judge.observe(subject, state, this.#options.now()));
  }

  /** Something holds and has to hold for longer before it is told. */
  get isHolding(): boolean {
    return Object.values(this.#state.holding).some(({ isTold }) => !isTold);
  }

  measure(figures: readonly WatchedSample[]): void {
    const now = this.#options.now();
    this.#held(() => figures.forEach((each) => this.#judge.measure(each, now)));
  }

  #held(judge: () => void): void {
    const before = JSON.stringify(this.#state.holding);
    judge();
    if (JSON.stringify(this.#state.holding) !== before) this.#changed += 1;
  }

  /** A rule is kept quiet once that is on record. */
  silence(
    id: string,
    {
      rule,
      until,
      reason,
      by,
    }: { readonly rule: string; readonly until: number; readonly reason: string; readonly by: string },
  ): void {
    const now = this.#options.now();
    if (this.#state.silences[rule]?.id === id || until <= now || until > now + MOST_SILENCE_MS) return;
    this.#state.silences[rule] = { id, until, reason, isOnRecord: false };
    const untilText = new Date(until).toISOString();
    this.#act('', {
      what: 'AlertSilenced',
      description: `${rule} is not told until ${untilText}: ${reason}`,
      detail: { rule, until: untilText, reason, acceptedBy: by },
    });
  }

  /** Tests of the alerts at this machine, the newest last, as whoever made them says. */
  tested(tests: readonly Test[]): void {
    for (const { id, by, said, record } of tests.slice(tests.findIndex(({ id }) => id === this.#state.tested) + 1)) {
      this.#state.tested = id;
      this.#act('', { what: 'AlertsTested', description: said, detail: { record, acceptedBy: by } });
    }
  }

  /** Begins what is due. @returns when all that it has begun is done */
  async step(): Promise<void> {
    const { steady } = this.#options;
    const work = this.#sendings.filter(({ isBusy }) => !isBusy).map((sending) => this.#send(sending));
    if (!this.#recording && this.#state.acts.length > 0 && steady() >= this.#recordAt) work.push(this.#record());
    if (this.#changed > this.#saved && steady() - this.#savedAt >= SAVED_EVERY_MS) work.push(this.#save());
    await Promise.all(work);
  }

  /** At a clean end. */
  async close(): Promise<void> {
    await this.#save();
  }

  #fired(alert: Alert): void {
    const silence = this.#state.silences[alert.rule];
    const isSilent = silence?.isOnRecord === true && silence.until > this.#options.now();
    const told = isSilent
      ? []
      : this.#sendings.filter(({ outlet: { least = 'info' } }) => isAtLeast(alert.severity, least));
    for (const { outlet } of told) {
      const kept = this.#outlet(outlet.name);
      this.#state.outlets[outlet.name] = { ...kept, pending: withAlert(kept.pending, alert) };
    }
    const { rule, severity, id, log, what, index } = alert;
    this.#act(log, {
      what: 'AlertFired',
      description: `${what}${isSilent ? ` Not told until ${new Date(silence.until).toISOString()}: ${silence.reason}` : ''}`,
      detail: { rule, severity, alert: id, ...(index === undefined ? {} : { index }) },
    });
  }

  #act(log: string, act: WatchAct): void {
    this.#changed += 1;
    if (this.#state.acts.length < MOST_ACTS) {
      this.#isFull = false;
      this.#state.acts = [...this.#state.acts, { instance: log === MANAGEMENT ? '' : log, act }];
      return;
    }
    if (!this.#isFull) this.#options.report(`more than ${MOST_ACTS} acts wait to be put on record: others are not`);
    this.#isFull = true;
  }

  #outlet(name: string): AlertState['outlets'][string] {
    return this.#state.outlets[name] ?? { pending: [], aside: [], taken: 0 };
  }

  /** All that is due at one outlet, until it fails. */
  async #send(sending: Sending): Promise<void> {
    const { outlet, way } = sending;
    const { stopping, isTest = false } = this.#options;
    sending.isBusy = true;
    try {
      // A test tries each once, and waits for nobody.
      while (!stopping.aborted && (isTest || way.isOpen)) {
        const message = this.#nextMessage(outlet.name);
        if (message === undefined) return;
        await this.#save();
        const rule = this.#options.rules.find(({ name }) => name === message.alerts[0]?.rule);
        const source = this.#options.sourceOf(message.alerts[0]?.log ?? '');
        const told = telling(message, rule, source, isTest ? Date.now() : undefined);
        const delivery = await way.send(() => outlet.send(told, stopping));
        if (delivery.outcome === 'failed' && stopping.aborted) return;
        this.#fares(outlet, delivery);
        this.#became(sending, message, delivery);
        await this.#save();
      }
    } finally {
      sending.isBusy = false;
    }
  }

  /** That which is on its way; else the oldest alert with all others of its rule and log; else what was put aside. */
  #nextMessage(name: string): Message | undefined {
    const kept = this.#outlet(name);
    if (kept.sending !== undefined) return kept.sending;
    const [first] = kept.pending;
    if (first === undefined) {
      const [aside, ...others] = kept.aside;
      if (aside === undefined) return undefined;
      this.#state.outlets[name] = { ...kept, aside: others, sending: aside };
      this.#changed += 1;
      return aside;
    }
    const isSame = ({ rule, log }: Alert): boolean => rule === first.rule && log === first.log;
    const alerts = kept.pending.filter(isSame).slice(0, MOST_IN_MESSAGE);
    const sending = { id: stableId([name, ...alerts.map(({ id }) => id)]), alerts, since: -1 };
    const pending = kept.pending.filter((each) => !alerts.includes(each));
    this.#state.outlets[name] = { ...kept, pending, sending };
    this.#changed += 1;
    return sending;
  }

  #fares({ name, place }: NamedOutlet, { outcome, detail: how, pause }: Delivery & { readonly pause: number }): void {
    const { failing, ...kept } = this.#outlet(name);
    const at = this.#options.now();
    this.#state.outlets[name] =
      outcome === 'taken'
        ? kept
        : {
            ...kept,
            failing: { since: failing?.since ?? at, at, why: `${place} ${how}`, next: Math.round(at + pause) },
          };
  }

  #became({ outlet: { name, place }, way }: Sending, message: Message, { outcome, detail: how }: Delivery): void {
    const { sending: _sent, ...kept } = this.#outlet(name);
    const isOver =
      this.#options.isTest === true || outcome !== 'failed' || (message.since >= 0 && kept.taken > message.since);
    this.#changed += 1;
    if (!isOver) {
      // The receiver may be down, or dislike this one: others have their turn, and it is given up only where they were taken meanwhile.
      if (!way.isExhausted) return;
      const since = message.since >= 0 ? message.since : kept.taken;
      this.#state.outlets[name] = { ...kept, aside: [...kept.aside, { ...message, since }] };
      return;
    }
    this.#state.outlets[name] = { ...kept, taken: kept.taken + (outcome === 'taken' ? 1 : 0) };
    const [first] = message.alerts;
    const alerts = message.alerts.map(({ id }) => id);
    const said = `${message.alerts.length} of ${first?.rule ?? ''} to ${name}: ${place} ${how}.`;
    const detail = { rule: first?.rule ?? '', outlet: name, message: message.id, alerts };
    this.#act(
      first?.log ?? '',
      outcome === 'taken'
        ? { what: 'AlertDelivered', description: said, detail }
        : { what: 'AlertGivenUp', description: `${said} It is given up.`, failure: 'GivenUp', detail },
    );
  }

  /** In order, but that one log that cannot be written holds up no other. */
  async #record(): Promise<void> {
    this.#recording = true;
    try {
      await this.#save();
      const failing = new Set<string>();
      for (const each of this.#state.acts) {
        if (failing.has(each.instance) || this.#options.stopping.aborted) continue;
        try {
          await this.#options.record(each.instance, each.act);
          this.#state.acts = this.#state.acts.filter((other) => other !== each);
          this.#isOnRecord(each.act);
          this.#changed += 1;
        } catch {
          failing.add(each.instance);
        }
      }
      await this.#save();
      if (failing.size > 0) this.#recordAt = this.#options.steady() + RECORD_AGAIN_MS;
    } finally {
      this.#recording = false;
    }
  }

  #isOnRecord({ what, detail: { rule = '', until = '' } }: WatchAct): void {
    const silence = this.#state.silences[rule];
    if (what !== 'AlertSilenced' || silence?.until !== Date.parse(until)) return;
    this.#state.silences[rule] = { ...silence, isOnRecord: true };
  }

  /** All that has changed by now. What cannot be saved is told all the same: after a crash it is told again. */
  #save(): Promise<void> {
    const wanted = this.#changed;
    this.#saving = this.#saving.then(async () => {
      if (this.#saved >= wanted) return;
      const taken = this.#changed;
      try {
        await this.#options.save(this.#state);
        this.#saved = taken;
      } catch (error) {
        this.#options.report(
          `what was told of alerts cannot be kept: ${(error as NodeJS.ErrnoException).code ?? 'it failed'}`,
        );
      }
      this.#savedAt = this.#options.steady();
    });
    return this.#saving;
  }
}

interface Sending {
  readonly outlet: NamedOutlet;
  readonly way: WayOut;
  isBusy: boolean;
}

function isAtLeast(severity: Alert['severity'], least: Alert['severity']): boolean {
  return SEVERITIES.indexOf(severity) <= SEVERITIES.indexOf(least);
}

function withAlert(pending: readonly Alert[], alert: Alert): readonly Alert[] {
  if (pending.length < MOST_PENDING) return [...pending, alert];
  const at = pending.findLastIndex(({ rule }) => rule === alert.rule);
  return at < 0
    ? [...pending.slice(1), alert]
    : pending.map((each, i) => (i === at ? { ...each, more: each.more + 1 } : each));
}
