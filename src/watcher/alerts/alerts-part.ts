// Alerts as a part of the watcher: follows the logs that there are, holds them against the rules, and sends what is due.
import { readFileSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import type { AlertSettings } from '../../deployment/alert-settings.ts';
import { FollowedEntries } from '../../features/audit/follow-entries.ts';
import { replaceFile } from '../../files/durable-file.ts';
import { readIfThere } from '../../files/read-if-there.ts';
import type { WatchAct } from '../../links/watch-act.ts';
import type { WatchedInstance, WatchedProcesses } from '../../links/watcher-messages.ts';
import type { WatchedSample } from '../metrics/exposition.ts';
import type { WatchedLog } from '../watched-logs.ts';
import { alertStateFile, silencesFile } from './alert-files.ts';
import { type AlertState, newState, parseAlertState } from './alert-state.ts';
import { Alerts } from './alerts.ts';
import { ClockJump } from './clock-jump.ts';
import type { JudgedLog } from './judge.ts';
import { MANAGEMENT } from './message.ts';
import { openOutlets } from './outlets.ts';
import { readRules } from './rules.ts';
import { readSilences } from './silences.ts';

export interface AlertsPartOptions {
  readonly settings: AlertSettings;
  readonly profile: 'dev' | 'production';
  /** Of the watcher; it exists. */
  readonly folder: string;
  readonly record: (instance: string, act: WatchAct) => Promise<void>;
  /** All figures that there are now. */
  readonly figures: () => Promise<readonly WatchedSample[]>;
  readonly report: (what: string) => void;
  /** Milliseconds of real time. */
  readonly now?: () => number;
}

interface Followed {
  readonly log: JudgedLog;
  readonly entries: FollowedEntries;
}

const PACE_MS = 500;
/** Those that are asked have other things to do. */
const MEASURED_EVERY_MS = 60_000;
/** Batches of one log at a time: others have their turn, and what is due goes out in between. */
const BATCHES = 16;

export class AlertsPart implements AsyncDisposable {
  readonly #options: AlertsPartOptions;
  readonly #alerts: Alerts;
  readonly #stop = new AbortController();
  readonly #sources = new Map<string, string>();
  #followed: readonly Followed[] = [];
  #instances: ReadonlySet<string> = new Set();
  #wake = (): void => undefined;
  readonly #clock: ClockJump;
  #measureAt = 0;
  #measuring: Promise<void> = Promise.resolve();
  readonly #running: Promise<void>;

  private constructor(options: AlertsPartOptions, state: AlertState) {
    const { settings, profile, folder, record, report, now = Date.now } = options;
    const readFile = (path: string): string => readFileSync(path, 'utf8');
    this.#options = options;
    this.#clock = new ClockJump(now, () => performance.now());
    this.#alerts = new Alerts({
      rules: readRules(settings),
      outlets: openOutlets(settings, { profile, readFile, now }),
      state,
      save: (kept) => save(folder, kept),
      // Of one that is gone, the management plane's log tells.
      record: (instance, act) => record(this.#instances.has(instance) ? instance : '', act),
      sourceOf: (log) => this.#sources.get(log) ?? '',
      now,
      report,
      stopping: this.#stop.signal,
    });
    this.#running = this.#run();
  }

  /** @throws ShapeError naming the rule or the outlet that cannot be used, or what is kept and does not read */
  static async open(options: AlertsPartOptions): Promise<AlertsPart> {
    const { folder, settings, now = Date.now } = options;
    const kept = readIfThere(alertStateFile(folder));
    const state = kept === undefined ? newState(now()) : parseAlertState(kept);
    state.settings = settings;
    await save(folder, state);
    return new AlertsPart(options, state);
  }

  update(logs: readonly WatchedLog[], instances: readonly WatchedInstance[], processes: WatchedProcesses): void {
    this.#instances = new Set(instances.map(({ name }) => name));
    this.#followed = logs.map((log) => {
      const id = log.origin.slice(log.origin.indexOf('/') + 1);
      const name = log.isManagement ? MANAGEMENT : (log.instance ?? id);
      this.#sources.set(name, log.resourceId ?? '');
      const known = this.#followed.find((each) => each.log.id === id && each.log.name === name);
      const judged = { id, name };
      return known ?? { log: judged, entries: new FollowedEntries(log.folder, this.#alerts.next(judged)) };
    });
    for (const { name, ...state } of instances) this.#alerts.observe(name, state);
    this.#alerts.observe('', { ...processes, clockJumpSeconds: this.#clock.look() });
    if (performance.now() >= this.#measureAt) {
      this.#measureAt = performance.now() + MEASURED_EVERY_MS;
      this.#measuring = this.#measure();
    }
    this.#wake();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    this.#wake();
    await Promise.all([this.#running, this.#measuring]);
    await this.#alerts.close();
  }

  async #measure(): Promise<void> {
    try {
      this.#alerts.measure(await this.#options.figures());
    } catch (error) {
      if (!this.#stop.signal.aborted) this.#options.report(`figures are not to be had: ${(error as Error).name}`);
    }
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      for (const silence of readSilences(silencesFile(this.#options.folder))) this.#alerts.silence(silence.id, silence);
      let isBehind = false;
      for (const followed of this.#followed) isBehind = (await this.#follow(followed)) || isBehind;
      // A receiver that is slow is not waited for.
      this.#alerts.step().catch((error: unknown) => this.#options.report(`alerts: ${(error as Error).name}`));
      if (!isBehind) await this.#pause();
    }
  }

  /** @returns whether there may be more */
  async #follow({ log, entries }: Followed): Promise<boolean> {
    for (let batches = 0; batches < BATCHES; batches++) {
      const batch = read(entries, (error) => this.#options.report(`the log of ${log.name} is not read: ${error}`));
      if (batch === undefined) return false;
      this.#alerts.take(log, batch.first, batch.entries);
      await setImmediate();
    }
    return true;
  }

  async #pause(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wake = resolve;
    const timer = setTimeout(resolve, PACE_MS);
    await promise;
    clearTimeout(timer);
  }
}

/** A log that goes, or that somebody has cut, is nothing to end for: it is read again. */
function read(entries: FollowedEntries, failed: (why: string) => void): ReturnType<FollowedEntries['read']> {
  try {
    return entries.read();
  } catch (error) {
    failed((error as NodeJS.ErrnoException).code ?? (error as Error).name);
    return undefined;
  }
}

/** Its name need not be durable: an older one does as well, and what follows it is judged again. */
async function save(folder: string, state: AlertState): Promise<void> {
  await replaceFile(alertStateFile(folder), JSON.stringify(state), { folder: () => Promise.resolve() });
}
