// Alerts over entries of our own making, outlets that do as they are told, and a clock and a disk that are moved by hand.

import type { Delivery } from '../../http/post-event.ts';
import { auditEntryJson, ownEntry } from '../../links/recorder/entry.ts';
import type { WatchAct } from '../../links/watch-act.ts';
import { type AlertState, newState, parseAlertState } from './alert-state.ts';
import { Alerts } from './alerts.ts';
import type { JudgedLog } from './judge.ts';
import type { Telling } from './message.ts';
import type { NamedOutlet } from './outlet.ts';
import { type Rule, readRule } from './rule.ts';

export const LOG: JudgedLog = { id: '11111111-2222-4333-8444-555555555555', name: 'dev' };
export const START = Date.parse('2026-11-28T00:00:00.000Z');
export const HOUR = 3_600_000;

const ABOUT = { severity: 'warning', title: 'It happened', text: 'Something.', runbook: 'docs/guide/alerts.md#it' };

export function rule(members: object, name = 'it'): Rule {
  return readRule(
    name,
    JSON.stringify({ kind: 'entries', when: 'true', operations: ['KeyPurge'], ...ABOUT, ...members }),
  );
}

/** As the service writes them. */
export function entry(at: number, members: Parameters<typeof ownEntry>[0] | object = {}): Buffer {
  const own = { category: 'AuditEvent', operationName: 'KeyPurge', PoolName: 'dev', ...members } as const;
  return Buffer.from(auditEntryJson(ownEntry({ time: new Date(at).toISOString(), ...own })));
}

export function callerIdentity(oid: string): string {
  return JSON.stringify({ claim: { http_schemas_microsoft_com_identity: { claims: { objectidentifier: oid } } } });
}

export interface Sent extends Telling {
  readonly at: number;
}

/** What survives a crash is what was saved. */
export class Bench {
  now = START;
  /** By so much the clock was set forward, which is no time that went by. */
  ahead = 0;
  saved: string | undefined = JSON.stringify(newState(START));
  disk: 'works' | 'full' = 'works';
  answer: (message: Telling) => Delivery['outcome'] = () => 'taken';
  recorder: 'works' | 'down' = 'works';
  /** Holds from the next start on. */
  isTest = false;
  /** All that the outlet was sent, taken or not. */
  readonly sent: Sent[] = [];
  readonly taken: Sent[] = [];
  readonly recorded: (WatchAct & { readonly instance: string })[] = [];
  readonly reports: string[] = [];
  readonly #rules: readonly Rule[];
  readonly #outlet: Partial<NamedOutlet>;
  alerts: Alerts;

  constructor(rules: readonly Rule[], outlet: Partial<NamedOutlet> = {}) {
    this.#rules = rules;
    this.#outlet = outlet;
    this.alerts = this.start();
  }

  /** From what was saved. */
  start(): Alerts {
    const state: AlertState = this.saved === undefined ? newState(this.now) : parseAlertState(this.saved);
    const outlet: NamedOutlet = {
      name: 'hook',
      least: 'info',
      mostPerHour: 1000,
      place: 'https://hooks.example.com',
      send: (message) => {
        const sent = { ...message, at: this.now };
        this.sent.push(sent);
        const outcome = this.answer(message);
        if (outcome === 'taken') this.taken.push(sent);
        return Promise.resolve({ outcome, detail: `was ${outcome}` });
      },
      ...this.#outlet,
    };
    this.alerts = new Alerts({
      rules: this.#rules,
      outlets: [outlet],
      state,
      save: (kept) => {
        if (this.disk === 'full') return Promise.reject(Object.assign(new Error('no space'), { code: 'ENOSPC' }));
        this.saved = JSON.stringify(kept);
        return Promise.resolve();
      },
      record: (instance, act) => {
        if (this.recorder === 'down') return Promise.reject(new Error('it is not there'));
        this.recorded.push({ instance, ...act });
        return Promise.resolve();
      },
      sourceOf: (log) => `/hsms/${log}`,
      now: () => this.now,
      isTest: this.isTest,
      steady: () => this.now - this.ahead,
      report: (what) => this.reports.push(what),
      stopping: new AbortController().signal,
    });
    return this.alerts;
  }

  acts(what: WatchAct['what']): readonly WatchAct[] {
    return this.recorded.filter((act) => act.what === what);
  }

  /** Steps until nothing is left to do at this time. */
  async settle(): Promise<void> {
    for (let before = ''; before !== JSON.stringify([this.saved, this.sent.length, this.recorded.length]); ) {
      before = JSON.stringify([this.saved, this.sent.length, this.recorded.length]);
      await this.alerts.step();
    }
  }
}

export interface TakenAlert {
  readonly Id: string;
  readonly Time: string;
  readonly What: string;
  readonly More: number;
}

export function alertsIn(sent: readonly Telling[]): readonly TakenAlert[] {
  return sent.flatMap(({ event }) => (JSON.parse(event) as { data: { Alerts: TakenAlert[] } }).data.Alerts);
}
