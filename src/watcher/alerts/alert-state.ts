// What the watcher keeps of alerts, in one file: how far each log was judged, what was told and when, and what still has to go out.
// All of it changes together, so that after a crash the same entries make the same alerts.
import { type AlertSettings, readAlertSettings } from '../../deployment/alert-settings.ts';
import { finite, flag, integer, isoTime, list, mapOf, oneOf, record, text } from '../../formats/shape.ts';
import { readWatchAct } from '../../links/watch-act.ts';
import { readPlace } from '../sinks/kept-position.ts';
import { SEVERITIES } from './rule.ts';

const count = integer(0, Number.MAX_SAFE_INTEGER);
const MOST = 100_000;
const DAY = 86_400_000;

const alert = record(
  {
    /** The same after a crash. */
    id: text,
    rule: text,
    severity: oneOf(...SEVERITIES),
    time: isoTime,
    /** Of the instance; `@management`; '': the deployment. */
    log: text,
    /** What happened, on one line. */
    what: text,
    /** More of the same, since the one before was told. */
    more: count,
  },
  {
    index: count,
    /** Members of the entry that say who, from where, what and how it ended. */
    entry: mapOf((value) => value),
  },
);
export type Alert = ReturnType<typeof alert>;

/** `since`: how many messages the outlet had taken when this one was put aside; -1: it never was. */
const message = record({ id: text, alerts: list(alert, 100), since: integer(-1, Number.MAX_SAFE_INTEGER) });
export type Message = ReturnType<typeof message>;

/** Since when it takes nothing; the last attempt, why it failed, and when the next is due. Times are milliseconds. */
const failing = record({ since: count, at: count, why: text, next: count });

/** Alerts that are in no message yet, messages that failed for a day, how many were taken, and the one that is on its way. */
const outlet = record(
  { pending: list(alert, MOST), aside: list(message, MOST), taken: count },
  { sending: message, failing },
);

/** Times are milliseconds. */
const readAlertState = record(
  {
    format: oneOf('strongroom alerts 1'),
    /** What the last start went by: for commands. */
    settings: readAlertSettings,
    /** What happened before is only learnt from. */
    since: count,
    /** By id of the log. */
    logs: mapOf(readPlace, MOST),
    /** What was told: by what it is the same in. */
    told: mapOf(record({ log: text, at: count, until: count, more: count }), MOST),
    /** When what is counted happened. */
    counts: mapOf(record({ log: text, times: list(count) }), MOST),
    /** By caller: requests of the current hour, and of those before it, the newest last. */
    volumes: mapOf(record({ log: text, hour: count, count, past: list(count, 168), told: count }), MOST),
    /** Since when rules of states hold, by rule and subject. */
    holding: mapOf(record({ since: count, isTold: flag }, { isPutOff: flag, value: finite }), MOST),
    silences: mapOf(record({ id: text, until: count, reason: text, isOnRecord: flag })),
    outlets: mapOf(outlet),
    /** To be put on record: in the log of the instance, or of the management plane. */
    acts: list(record({ instance: text, act: readWatchAct }), MOST),
    /** When each rule last came true. */
    last: mapOf(count),
  },
  {
    /** Id of the newest test that is on record, or on its way there. */
    tested: text,
  },
);
type Kept = ReturnType<typeof readAlertState>;

type Open<T> = T extends Readonly<Record<string, infer V>> ? Record<string, V> : never;
/** In memory: changed as it goes. */
export interface AlertState {
  readonly format: Kept['format'];
  settings: AlertSettings;
  since: number;
  readonly logs: Open<Kept['logs']>;
  readonly told: Open<Kept['told']>;
  readonly counts: Open<Kept['counts']>;
  readonly volumes: Open<Kept['volumes']>;
  readonly holding: Open<Kept['holding']>;
  readonly silences: Open<Kept['silences']>;
  readonly outlets: Open<Kept['outlets']>;
  acts: Kept['acts'];
  readonly last: Open<Kept['last']>;
  tested?: string;
}

/** What happened in the day before is told, all that is older only learnt from. */
export function newState(now: number, settings: AlertSettings = { outlets: [] }): AlertState {
  return {
    format: 'strongroom alerts 1',
    settings,
    since: Math.max(0, now - DAY),
    logs: {},
    told: {},
    counts: {},
    volumes: {},
    holding: {},
    silences: {},
    outlets: {},
    acts: [],
    last: {},
  };
}

/** @throws Error: it cannot be read for one */
export function parseAlertState(text: string): AlertState {
  return readAlertState(JSON.parse(text), 'alerts.json') as AlertState;
}
