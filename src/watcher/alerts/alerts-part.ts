// Alerts as a part of the watcher: follows the logs that there are, holds them against the rules, and sends what is due.
import { existsSync, readFileSync, renameSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import type { AlertSettings } from '../../deployment/alert-settings.ts';
import { type EntryBatch, FollowedEntries, signedSize } from '../../features/audit/follow-entries.ts';
import { replaceFile } from '../../files/durable-file.ts';
import { readIfThere } from '../../files/read-if-there.ts';
import type { WatchAct } from '../../links/watch-act.ts';
import type { WatchedInstance, WatchedProcesses } from '../../links/watcher-messages.ts';
import type { WatchedSample } from '../metrics/exposition.ts';
import type { WatchedLog } from '../watched-logs.ts';
import { alertStateFile, silencesFile, unreadStateFile } from './alert-files.ts';
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
  readonly folder: string;
  entries: FollowedEntries;
  /** Nothing followed at the last look: meanwhile another log may have come to its place. */
  wasIdle: boolean;
}

const PACE_MS = 500;
const HOUR_MS = 3_600_000;
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
  #states: readonly WatchedInstance[] = [];
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
      steady: () => performance.now(),
      report,
      stopping: this.#stop.signal,
    });
    this.#running = this.#run();
  }

  /** @throws ShapeError naming the rule or the outlet that cannot be used */
  static async open(options: AlertsPartOptions): Promise<AlertsPart> {
    const { folder, settings, report } = options;
    const state = keptState(options);
    state.settings = settings;
    await save(folder, state).catch((error: unknown) => report(`alerts.json is not written: ${codeOf(error)}`));
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
      const { folder } = log;
      const entries = (): FollowedEntries => new FollowedEntries(folder, this.#alerts.next(judged));
      return known ?? { log: judged, folder, entries: entries(), wasIdle: true };
    });
    this.#states = instances;
    this.#observe();
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

  #observe(): void {
    for (const { name, ...state } of this.#states) this.#alerts.observe(name, state);
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
      // It may last for less than the time between two that it is told.
      if (this.#alerts.isHolding) this.#observe();
      let isBehind = false;
      for (const followed of this.#followed) isBehind = (await this.#follow(followed)) || isBehind;
      // A receiver that is slow is not waited for.
      this.#alerts.step().catch((error: unknown) => this.#options.report(`alerts: ${(error as Error).name}`));
      if (!isBehind) await this.#pause();
    }
  }

  /** @returns whether there may be more */
  async #follow(followed: Followed): Promise<boolean> {
    for (let batches = 0; batches < BATCHES; batches++) {
      const batch = this.#read(followed);
      if (batch === undefined) return false;
      this.#alerts.take(followed.log, batch.first, batch.entries);
      await setImmediate();
    }
    return true;
  }

  /** A log that goes, or that somebody has cut, is nothing to end for: it is read again. */
  #read(followed: Followed): EntryBatch | undefined {
    const { log, folder, entries } = followed;
    try {
      const batch = entries.read();
      // One that is gone was moved, and is followed elsewhere.
      const isDoubtful =
        batch === undefined ? existsSync(folder) && signedSize(folder) < entries.next : followed.wasIdle;
      followed.wasIdle = batch === undefined;
      if (!isDoubtful || this.#alerts.isSame(log, (index) => entryAt(folder, index))) return batch;
      followed.entries = new FollowedEntries(folder, 0);
      return followed.entries.read();
    } catch (error) {
      this.#options.report(`the log of ${log.name} is not read: ${codeOf(error)}`);
      // What was read and could not be compared is read again.
      followed.entries = new FollowedEntries(folder, this.#alerts.next(log));
      followed.wasIdle = true;
      return undefined;
    }
  }

  async #pause(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wake = resolve;
    const timer = setTimeout(resolve, PACE_MS);
    await promise;
    clearTimeout(timer);
  }
}

/** What was read before is durable, so nothing is waited for; between journal and bundle it may be in neither for a moment. */
function entryAt(folder: string, index: number): Buffer | undefined {
  const look = (): Buffer | undefined => {
    let hours = 0;
    return new FollowedEntries(folder, index, () => HOUR_MS * hours++).read()?.entries[0];
  };
  return look() ?? look();
}

/** What does not read is put aside: what the logs hold of the last day is judged anew, and may be told again. */
function keptState({ folder, report, now = Date.now }: AlertsPartOptions): AlertState {
  const path = alertStateFile(folder);
  const kept = readIfThere(path);
  if (kept === undefined) return newState(now());
  try {
    return parseAlertState(kept);
  } catch (error) {
    report(`alerts.json does not read and is now alerts-unread.json: ${(error as Error).message}`);
  }
  try {
    renameSync(path, unreadStateFile(folder));
  } catch (error) {
    report(`alerts.json is written over: ${codeOf(error)}`);
  }
  return newState(now());
}

function codeOf(error: unknown): string {
  const { code, name } = error as NodeJS.ErrnoException;
  return code ?? name;
}

/** Its name need not be durable: an older one does as well, and what follows it is judged again. */
async function save(folder: string, state: AlertState): Promise<void> {
  await replaceFile(alertStateFile(folder), JSON.stringify(state), { folder: () => Promise.resolve() });
}
