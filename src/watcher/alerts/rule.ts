// What a rule is: one JSON file, read strictly. Those of the product and those of operators have the same form.
import { type MetricName, metricTable } from '../../formats/metric-table.ts';
import {
  byKind,
  flag,
  integer,
  list,
  matching,
  oneLine,
  oneOf,
  type Reader,
  record,
  ShapeError,
  text,
} from '../../formats/shape.ts';
import { entryCondition, entryText, metricCondition, metricText, stateCondition, stateText } from './conditions.ts';

/** The most serious first. */
export const SEVERITIES = ['critical', 'warning', 'info'] as const;
export type Severity = (typeof SEVERITIES)[number];

const ABOUT = {
  severity: oneOf(...SEVERITIES),
  /** What happened, as a sentence. */
  title: oneLine(100),
  /** What it means, and what to do first. */
  text: oneLine(600),
  /** Where it says what to do: `docs/guide/alerts.md#…`, or an address of one's own. */
  runbook: matching(/^(?:docs\/[\w/.-]+\.md#[\w-]+|https:\/\/[^\s"<>]+)$/, 'docs/PAGE.md#SECTION or an https address'),
};
const REPEATS = {
  /** What the same alert is the same in: expressions that make texts. Absent: all of a rule and a log are the same. */
  by: list(entryText, 8),
  /** Seconds for which what is the same is told once. Absent: an hour. */
  window: integer(1, 30 * 86_400),
};
/** `KeyCreate`, or the beginning of several: `NetworkTrial*`. */
const operations: Reader<readonly string[]> = (value, path) => {
  const read = list(matching(/^(?:[\w./@-]{1,200}\*?|\*)$/, 'the name of an operation, or its beginning and *'), 100);
  const names = read(value, path);
  if (names.length === 0) throw new ShapeError(`${path} names no operation`);
  return names;
};
const GAUGES = (Object.keys(metricTable) as MetricName[]).filter((name) => metricTable[name].type === 'gauge');
/** Seconds that it must hold. Absent: 0. */
const LASTS = { for: integer(0, 30 * 86_400), window: REPEATS.window };

const KINDS = {
  /** Each entry for which `when` holds. */
  entries: record({ kind: oneOf('entries'), ...ABOUT, operations, when: entryCondition }, REPEATS),
  /** So many of them in so many seconds. */
  count: record(
    {
      kind: oneOf('count'),
      ...ABOUT,
      operations,
      when: entryCondition,
      least: integer(2, 10_000),
      within: integer(1, 86_400),
    },
    REPEATS,
  ),
  /** Far more of them in an hour than there usually are. */
  volume: record(
    {
      kind: oneOf('volume'),
      ...ABOUT,
      operations,
      when: entryCondition,
      by: list(entryText, 8),
      least: integer(2, 1e9),
    },
    { window: REPEATS.window },
  ),
  /** A state in which `when` has held for so many seconds (absent: 0); told once until it does not. `says`: how it is, in words. */
  state: record({ kind: oneOf('state'), ...ABOUT, when: stateCondition }, { ...LASTS, says: stateText }),
  /** The same of one figure; with `grows` it is told again when it has grown. */
  metric: record(
    { kind: oneOf('metric'), ...ABOUT, metric: oneOf(...GAUGES), when: metricCondition },
    { ...LASTS, grows: flag, says: metricText },
  ),
};

const shape = byKind(KINDS);
export type Rule = ReturnType<typeof shape> & { readonly name: string };
/** Of what lasts, and is no entry. */
export type LastingRule = Extract<Rule, { readonly kind: 'state' | 'metric' }>;
export type EntryRule = Exclude<Rule, LastingRule>;

export const ruleName = matching(
  /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/,
  'the name of a rule: lower-case letters, digits and hyphens',
);
/** That alerts are kept quiet is never kept quiet itself. */
export const NEVER_SILENT = 'alert-silenced';

/** @param name of its file, without `.json` @throws ShapeError naming rule and member */
export function readRule(name: string, json: string): Rule {
  ruleName(name, `the name '${name.slice(0, 100)}'`);
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (cause) {
    throw new ShapeError(`${name}: ${text((cause as Error).message, name)}`, { cause });
  }
  return { name, ...shape(value, name) };
}
