// Holds entries and states against the rules. It is all in what it is given: the same entries, from the same state on, make the same
// alerts, whenever they are read.
import { callerIn, parseEntry } from '../../features/audit/logged-call.ts';
import { stableId } from '../../formats/cloud-event.ts';
import { oneLine } from '../../formats/printable.ts';
import type { WatchAct } from '../../links/watch-act.ts';
import type { WatchedSample } from '../metrics/exposition.ts';
import { digest } from '../sinks/kept-position.ts';
import type { Alert, AlertState } from './alert-state.ts';
import type { EntryFacts } from './conditions.ts';
import type { EntryRule, LastingRule, Rule } from './rule.ts';
import { judgeVolume } from './volume.ts';

export interface JudgedLog {
  /** `<id>` of its origin. */
  readonly id: string;
  /** Of the instance; `@management`. */
  readonly name: string;
}

/** What alerts put on record is no reason for one; that one is silenced is. */
const OWN: ReadonlySet<string> = new Set<WatchAct['what']>([
  'AlertFired',
  'AlertDelivered',
  'AlertGivenUp',
  'AlertsTested',
]);
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const WEEK = 7 * DAY;
/** Of one rule and log in an hour; all others are one more, which says so. */
const MOST_GROUPS = 20;
/** Of what is kept by caller or address: strangers make them. */
const MOST_KEPT = 10_000;
/** So many are kept without a look at what is over. */
const FEW = 500;
const MOST_CACHED = 2_000;
/** What is later, or before 1970, is no time that a clock has told. */
const YEAR_10000 = 253_402_300_800_000;

export class Judge {
  readonly #rules: readonly Rule[];
  readonly #state: AlertState;
  readonly #fired: (alert: Alert, rule: Rule) => void;
  readonly #byOperation = new Map<string, readonly EntryRule[]>();
  /** Of the newest entry. */
  #time = 0;
  #crowd = FEW;

  constructor(rules: readonly Rule[], state: AlertState, fired: (alert: Alert, rule: Rule) => void) {
    this.#rules = rules;
    this.#state = state;
    this.#fired = fired;
  }

  /** @param entries UTF-8 JSON, from this index on: what was judged before is passed over */
  take(log: JudgedLog, first: number, entries: readonly Buffer[]): void {
    const { next = 0 } = this.#state.logs[log.id] ?? {};
    for (let index = Math.max(first, next); index < first + entries.length; index++) {
      const bytes = entries[index - first];
      if (bytes !== undefined) this.#entry(log, index, bytes);
    }
    const newest = entries.at(-1);
    const end = first + entries.length;
    if (newest !== undefined && end > next) this.#state.logs[log.id] = { next: end, last: digest(newest) };
    this.#forget(log);
  }

  /** Another log is where this one was: it is judged from its beginning, and what only the other had counts no more. */
  replaced({ id, name }: JudgedLog, why: string, now: number): void {
    const { logs, counts, volumes } = this.#state;
    delete logs[id];
    for (const kept of [counts, volumes]) {
      for (const [key, { log }] of Object.entries(kept)) if (log === id) delete kept[key];
    }
    for (const rule of this.#rules) {
      if (rule.kind !== 'state' || rule.when({ state: { otherLog: true }, subject: name }) !== true) continue;
      const what = oneLine(`${rule.title}: ${why}`, 500);
      this.#tell(rule, {
        log: name,
        key: JSON.stringify([rule.name, id]),
        time: now,
        what,
        id: [id, why, String(now)],
      });
    }
  }

  /** How something fares: the instance of that name, or the deployment (''). */
  observe(subject: string, state: Readonly<Record<string, unknown>>, now: number): void {
    for (const rule of this.#rules) {
      if (rule.kind !== 'state') continue;
      const what = textOf(rule.says?.({ state, subject }));
      this.#hold(rule, { of: [subject], holds: rule.when({ state, subject }) === true, now, what });
    }
  }

  /** A figure of the instance of that name, of the management plane (`@management`), or of the deployment ('' or absent). */
  measure({ name, hsm: subject = '', labels = {}, value }: WatchedSample, now: number): void {
    for (const rule of this.#rules) {
      if (rule.kind !== 'metric' || rule.metric !== name) continue;
      const which = Object.entries(labels).map(([label, of]) => `${label} ${of}`);
      const shown = name.endsWith('_timestamp_seconds') ? timeOf(value) : String(value);
      const facts = { value, labels, subject, now: now / 1000 };
      const says = textOf(rule.says?.({ ...facts, shown }));
      this.#hold(rule, {
        of: [subject, ...Object.values(labels)],
        holds: rule.when(facts) === true,
        now,
        what: [...which, says === '' ? `${name} ${shown}` : says].join(', '),
        ...(rule.grows === true ? { value } : {}),
      });
    }
  }

  /** @param of the subject, and which of its figures @param value where growth counts */
  #hold(
    rule: LastingRule,
    {
      of,
      holds,
      now,
      what,
      value,
    }: {
      readonly of: readonly [subject: string, ...labels: string[]];
      readonly holds: boolean;
      readonly now: number;
      readonly what: string;
      readonly value?: number;
    },
  ): void {
    const key = JSON.stringify([rule.name, ...of]);
    const held = this.#state.holding[key];
    if (!holds) {
      const told = this.#state.told[key];
      if (held?.isPutOff === true && told !== undefined) this.#state.told[key] = { ...told, more: told.more + 1 };
      delete this.#state.holding[key];
      return;
    }
    const { since, isTold, value: before = value } = held ?? { since: now, isTold: false };
    const isTheSame = value === undefined || before === undefined || value <= before;
    const isDue = !(isTold && isTheSame) && now - since >= (rule.for ?? 0) * 1000;
    const id = [key, String(since), ...(value === undefined ? [] : [String(value)])];
    const [log] = of;
    const shown = { log, key, time: now, what: oneLine(`${rule.title}${what === '' ? '' : `: ${what}`}`, 500), id };
    const isToldNow = isDue && this.#tell(rule, shown, false);
    // What the window keeps back is due again when that is over, and told then if it still holds; else it is counted.
    const isBack = isDue && !isToldNow;
    const last = isBack ? before : value;
    this.#state.holding[key] = {
      ...{ since, isTold: isTold || isToldNow },
      ...(isBack ? { isPutOff: true } : {}),
      ...(last === undefined ? {} : { value: last }),
    };
  }

  #entry(log: JudgedLog, index: number, bytes: Buffer): void {
    const entry = parseEntry(bytes.toString('utf8'));
    if (entry === undefined) return;
    const rules = this.#rulesOf(String(entry['operationName']));
    if (rules.length === 0) return;
    const time = Date.parse(String(entry['time']));
    if (!(time >= 0 && time < YEAR_10000)) return;
    this.#time = time;
    const facts = factsOf(entry, log);
    for (const rule of rules) {
      if (rule.when(facts) !== true) continue;
      const key = JSON.stringify([rule.name, ...(rule.by?.map((by) => textOf(by(facts))) ?? [log.id])]);
      const why = this.#why(rule, key, log, time);
      if (why === undefined) continue;
      const what = oneLine(`${rule.title}: ${why}${summaryOf(facts)}`, 500);
      this.#tell(rule, { log: log.name, key, time, what, index, entry: shownOf(facts), id: [log.id, String(index)] });
    }
  }

  /** Undefined: not yet. */
  #why(rule: EntryRule, key: string, log: JudgedLog, time: number): string | undefined {
    switch (rule.kind) {
      case 'entries':
        return '';
      case 'count': {
        const { times } = (this.#state.counts[key] ??= { log: log.id, times: [] });
        const since = time - rule.within * 1000;
        const recent = [...times.filter((each) => each > since), time];
        const isReached = recent.length >= rule.least;
        this.#state.counts[key] = { log: log.id, times: isReached ? [] : recent };
        return isReached ? `${recent.length} within ${rule.within} s. The last one: ` : undefined;
      }
      case 'volume': {
        const { volume, why } = judgeVolume(this.#state.volumes[key], time, rule.least);
        this.#state.volumes[key] = { log: log.id, ...volume };
        return why;
      }
    }
  }

  /** @param isCounted where it is not told now: among what was the same @returns whether it is told */
  #tell(
    rule: Rule,
    found: Omit<Alert, 'rule' | 'severity' | 'time' | 'more' | 'id'> & {
      readonly key: string;
      readonly time: number;
      readonly id: readonly string[];
    },
    isCounted = true,
  ): boolean {
    const { key, time, id, ...shown } = found;
    // How something fares now is never old, whatever the clock says.
    if (shown.index !== undefined && time < this.#state.since) return false;
    const of = this.#flooded(rule, shown.log, key, time);
    const [before, window] = [this.#state.told[of], (rule.window ?? 3600) * 1000];
    if (before !== undefined && Math.abs(time - before.at) < window) {
      if (isCounted) this.#state.told[of] = { ...before, more: before.more + 1 };
      return false;
    }
    this.#state.told[of] = { log: shown.log, at: time, until: time + window, more: 0 };
    this.#state.last[rule.name] = Math.max(time, this.#state.last[rule.name] ?? 0);
    const alert: Alert = {
      ...shown,
      id: stableId([rule.name, ...id]),
      rule: rule.name,
      severity: rule.severity,
      time: new Date(time).toISOString(),
      more: before?.more ?? 0,
      ...(of === key ? {} : { what: `${shown.what} There are more of this kind than are told one by one.` }),
    };
    this.#fired(alert, rule);
    return true;
  }

  /** What it is the same in; all that are too many in an hour are the same. */
  #flooded(rule: Rule, log: string, key: string, time: number): string {
    if (this.#state.told[key] !== undefined) return key;
    const flood = JSON.stringify([rule.name, log]);
    const groups = `#${flood}`;
    const { at = 0, more = 0 } = this.#state.told[groups] ?? {};
    const isSame = Math.abs(time - at) < HOUR;
    const [begun, count] = isSame ? [at, more + 1] : [time, 1];
    this.#state.told[groups] = { log, at: begun, until: begun + HOUR, more: count };
    return count > MOST_GROUPS ? `*${flood}` : key;
  }

  #rulesOf(operation: string): readonly EntryRule[] {
    const known = this.#byOperation.get(operation);
    if (known !== undefined) return known;
    const rules = OWN.has(operation)
      ? []
      : this.#rules.filter(
          (rule): rule is EntryRule =>
            rule.kind !== 'state' && rule.kind !== 'metric' && rule.operations.some((name) => isOf(operation, name)),
        );
    if (this.#byOperation.size >= MOST_CACHED) this.#byOperation.clear();
    this.#byOperation.set(operation, rules);
    return rules;
  }

  /** What is over, by the log's own time; and where strangers have made too many, the oldest. */
  #forget({ id, name }: JudgedLog): void {
    const { told, counts, volumes } = this.#state;
    const now = this.#time;
    if ([told, counts, volumes].every((each) => Object.keys(each).length < this.#crowd)) return;
    const kept: readonly (readonly [object: Record<string, unknown>, ends: ReadonlyMap<string, number>])[] = [
      [told, endsOf(told, ({ until, more }) => until + (more > 0 ? WEEK : 0))],
      [counts, endsOf(counts, ({ times }) => (times.at(-1) ?? 0) + DAY)],
      [volumes, endsOf(volumes, ({ hour }) => hour * HOUR + WEEK)],
    ];
    for (const [object, ends] of kept) {
      for (const [key, end] of ends) {
        const { log } = object[key] as { readonly log: string };
        if ((log === id || log === name) && end < now) delete object[key];
      }
      const left = [...ends].filter(([key]) => key in object).sort(([, a], [, b]) => a - b);
      for (const [key] of left.slice(0, Math.max(0, left.length - MOST_KEPT))) delete object[key];
    }
    this.#crowd = Math.max(FEW, ...kept.map(([object]) => 2 * Object.keys(object).length));
  }
}

/** @param entry as `parseEntry` reads it */
export function factsOf(entry: EntryFacts['entry'], { name: log }: Pick<JudgedLog, 'name'>): EntryFacts {
  const detail = object(object(entry['properties'])['detail']);
  return { entry, detail, caller: callerIn(entry)?.objectId ?? '', log };
}

function endsOf<T>(kept: Readonly<Record<string, T>>, end: (each: T) => number): ReadonlyMap<string, number> {
  return new Map(Object.entries(kept).map(([key, each]) => [key, end(each)]));
}

/** Of seconds that somebody has measured: what is no time is shown as it is. */
function timeOf(seconds: number): string {
  return Math.abs(seconds) < 1e11 ? new Date(seconds * 1000).toISOString() : String(seconds);
}

/** @param name as a rule has it */
export function isOf(operation: string, name: string): boolean {
  return name.endsWith('*') ? operation.startsWith(name.slice(0, -1)) : operation === name;
}

/** `KeyPurge Failed (403 Forbidden) by … from …, /keys/NAME. Role …; to …; opened …`. */
function summaryOf({ entry, detail, caller, log }: EntryFacts): string {
  const word = (name: string): string => textOf(entry[name]);
  const status = entry['httpStatusCode'] === 0 ? '' : `${textOf(entry['httpStatusCode'])} `;
  const from = word('callerIpAddress') === '' ? '' : ` from ${word('callerIpAddress')}`;
  const scope = word('key') || word('scope');
  return (
    `${word('operationName')} ${word('resultType')} (${status}${word('resultSignature')}) at ${word('PoolName') || log}` +
    `${caller === '' ? '' : ` by ${caller}`}${from}${scope === '' ? '' : `, ${scope}`}${detailWords(detail)}`
  );
}

/** What the title asks for next: who has it now, and what is open. */
function detailWords(detail: EntryFacts['detail']): string {
  const changes = object(detail['changes']);
  const now = (name: string): string => textOf(object(changes[name])['after']);
  const words = [
    ['role', textOf(detail['roleName'])],
    ['of', textOf(detail['principalId']) || textsOf(detail['principalIds'])],
    ['opened to', textsOf(detail['rangesAdded'])],
    ['private endpoints', textsOf(detail['endpointsAdded'])],
    ['default action', now('defaultAction')],
    ['public network access', now('publicNetworkAccess')],
    ['setting', textOf(detail['setting'])],
  ].flatMap(([name, text]) => (text === '' ? [] : [`${name} ${text}`]));
  return words.length === 0 ? '' : `: ${words.join(', ')}`;
}

/** The first few of a list. */
function textsOf(value: unknown): string {
  const texts = Array.isArray(value) ? value.map((each) => textOf(each)) : [];
  return texts.slice(0, 5).join(' ') + (texts.length > 5 ? ` and ${texts.length - 5} more` : '');
}

/** Of the entry, for whoever is told: what is long stays in the log. */
function shownOf({ entry, detail, caller }: EntryFacts): Readonly<Record<string, unknown>> {
  const names = [
    'operationName',
    'resultType',
    'resultSignature',
    'callerIpAddress',
    'PoolName',
    'scope',
    'key',
    'correlationId',
  ];
  const shown = names.flatMap((name) => (textOf(entry[name]) === '' ? [] : [[name, textOf(entry[name], 500)]]));
  const text = JSON.stringify(detail);
  return Object.fromEntries([
    ...shown,
    ...(caller === '' ? [] : [['caller', caller]]),
    ['resultDescription', textOf(entry['resultDescription'], 1000)],
    ...(text === '{}'
      ? []
      : [['detail', text.length <= 4000 ? detail : { cut: text.slice(0, 1000), characters: text.length }]]),
  ]) as Readonly<Record<string, unknown>>;
}

function textOf(value: unknown, most = 200): string {
  const text = typeof value === 'string' ? value : typeof value === 'number' ? String(value) : '';
  return text.length <= most ? text : `${text.slice(0, most)}…`;
}

function object(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Readonly<Record<string, unknown>>)
    : {};
}
