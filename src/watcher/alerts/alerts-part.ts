// Alerts as a part of the watcher: follows the logs that there are, holds them against the rules, and sends what is due.
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import type { AlertSettings } from '../../deployment/alert-settings.ts';
import type { WatchAct } from '../../links/watch-act.ts';
import type { WatchedInstance, WatchedProcesses } from '../../links/watcher-messages.ts';
import { FollowedLogs, followedLog } from '../followed-logs.ts';
import { codeOf, keepState, keptState } from '../kept-state.ts';
import type { WatchedSample } from '../metrics/exposition.ts';
import type { WatchedLog } from '../watched-logs.ts';
import { alertStateFile, silencesFile, testedFile, testMeasuredFile } from './alert-files.ts';
import { type AlertState, newState, parseAlertState } from './alert-state.ts';
import { Alerts } from './alerts.ts';
import { ClockJump } from './clock-jump.ts';
import { MANAGEMENT } from './message.ts';
import type { OutletStatus } from './outlet-status.ts';
import { openOutlets } from './outlets.ts';
import { readRules } from './rules.ts';
import { readSilences, readTested } from './silences.ts';

export interface AlertsPartOptions {
  readonly settings: AlertSettings;
  readonly profile: 'dev' | 'production';
  /** Of the watcher; it exists. */
  readonly folder: string;
  readonly record: (instance: string, act: WatchAct) => Promise<void>;
  /** All figures that there are now. */
  readonly figures: () => Promise<readonly WatchedSample[]>;
  readonly report: (what: string) => void;
  /** Milliseconds of real time, but in a test. Messages are signed by the machine's clock. */
  readonly now?: () => number;
}

/** Those that are asked have other things to do. */
const MEASURED_EVERY_MS = 60_000;

export class AlertsPart implements AsyncDisposable {
  readonly #options: AlertsPartOptions;
  readonly #alerts: Alerts;
  readonly #stop = new AbortController();
  readonly #sources = new Map<string, string>();
  readonly #followed: FollowedLogs;
  #instances: ReadonlySet<string> = new Set();
  #states: readonly WatchedInstance[] = [];
  readonly #clock: ClockJump;
  readonly #unread = new Set<string>();
  #measureAt = 0;
  #measuring: Promise<void> = Promise.resolve();

  private constructor(options: AlertsPartOptions, state: AlertState) {
    const { settings, profile, folder, record, report, now = Date.now } = options;
    const readFile = (path: string): string => readFileSync(path, 'utf8');
    this.#options = options;
    this.#clock = new ClockJump(now, () => performance.now());
    const { test: isTest = false } = settings;
    this.#alerts = new Alerts({
      rules: readRules(settings),
      outlets: openOutlets(settings, { profile, readFile, now: Date.now }),
      state,
      save: (kept) => keepState(alertStateFile(folder), kept),
      // Of one that is gone, the management plane's log tells.
      record: (instance, act) => record(this.#instances.has(instance) ? instance : '', act),
      sourceOf: (log) => this.#sources.get(log) ?? '',
      now,
      isTest,
      steady: () => performance.now(),
      report,
      stopping: this.#stop.signal,
    });
    this.#followed = new FollowedLogs({
      taker: this.#alerts,
      step: () => this.#step(),
      report,
      stopping: this.#stop.signal,
    });
  }

  /** @throws ShapeError naming the rule or the outlet that cannot be used */
  static async open(options: AlertsPartOptions): Promise<AlertsPart> {
    const { folder, settings, report, now = Date.now } = options;
    const path = alertStateFile(folder);
    // What the logs hold of the last day is judged anew, and may be told again.
    const state = keptState(path, parseAlertState, report) ?? newState(now());
    state.settings = settings;
    await keepState(path, state).catch((error: unknown) => report(`alerts.json is not written: ${codeOf(error)}`));
    return new AlertsPart(options, state);
  }

  update(logs: readonly WatchedLog[], instances: readonly WatchedInstance[], processes: WatchedProcesses): void {
    this.#instances = new Set(instances.map(({ name }) => name));
    const followed = logs.map((log) => followedLog(log, MANAGEMENT));
    for (const { name, source } of followed) this.#sources.set(name, source);
    this.#followed.update(followed);
    this.#states = instances;
    this.#observe();
    const clockJumpSeconds = this.#clock.look();
    this.#alerts.observe('', { ...processes, clockJumpSeconds });
    // Figures are compared with the clock.
    if (Math.abs(clockJumpSeconds) > 30 || performance.now() >= this.#measureAt) {
      this.#measureAt = performance.now() + MEASURED_EVERY_MS;
      this.#measuring = this.#measure();
    }
  }

  status(): readonly OutletStatus[] {
    return this.#alerts.status();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await Promise.all([this.#followed.ended, this.#measuring]);
    await this.#alerts.close();
  }

  #observe(): void {
    for (const { name, ...state } of this.#states) this.#alerts.observe(name, state);
  }

  async #measure(): Promise<void> {
    const { folder, settings, now = Date.now } = this.#options;
    const began = now();
    try {
      this.#alerts.measure(await this.#options.figures());
      if (settings.test === true) await keepState(testMeasuredFile(folder), began);
    } catch (error) {
      if (!this.#stop.signal.aborted) this.#options.report(`figures are not to be had: ${(error as Error).name}`);
    }
  }

  async #step(): Promise<void> {
    const { folder } = this.#options;
    for (const silence of this.#written(silencesFile(folder), readSilences)) this.#alerts.silence(silence.id, silence);
    // It may last for less than the time between two that it is told.
    if (this.#alerts.isHolding) this.#observe();
    this.#alerts.tested(this.#written(testedFile(folder), readTested));
    await this.#alerts.step();
  }

  /** What commands wrote, perhaps as another user: a file that cannot be read is reported, and holds nothing up. */
  #written<T>(path: string, read: (path: string) => readonly T[]): readonly T[] {
    try {
      const found = read(path);
      this.#unread.delete(path);
      return found;
    } catch (error) {
      if (!this.#unread.has(path)) this.#options.report(`${basename(path)} does not read: ${codeOf(error)}`);
      this.#unread.add(path);
      return [];
    }
  }
}
