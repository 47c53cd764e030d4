// What an operator at the machine keeps quiet, and has tested: files that commands write and the watcher reads, to put it on record. A
// silence holds once it is there.

import { readIfThere } from '../../files/read-if-there.ts';
import { guid, isoTime, list, matching, oneLine, oneOf, type Reader, record, ShapeError } from '../../formats/shape.ts';
import { NEVER_SILENT, ruleName } from './rule.ts';

/** From now on; one that ends later is not taken. */
export const MOST_SILENCE_MS = 30 * 86_400_000;

const rule: Reader<string> = (value, path) => {
  if (value === NEVER_SILENT) throw new ShapeError(`${path}: ${NEVER_SILENT} is always told`);
  return ruleName(value, path);
};
const silence = record({ id: guid, rule, until: isoTime, reason: oneLine(200), by: oneLine(100) });
const file = record({ format: oneOf('strongroom alert silences 1'), silences: list(silence, 1000) });
export type Silence = ReturnType<typeof silence>;

/** The newest of a rule last. @throws ShapeError */
export function parseSilences(text: string): readonly Silence[] {
  return file(JSON.parse(text), 'alert-silences.json').silences;
}

export function silencesText(silences: readonly Silence[]): string {
  return `${JSON.stringify({ format: 'strongroom alert silences 1', silences }, null, 2)}\n`;
}

/** @throws what keeps it from being read */
export function readSilences(path: string): readonly (Omit<Silence, 'until'> & { readonly until: number })[] {
  const text = readIfThere(path);
  const kept = text === undefined ? [] : parseSilences(text);
  return [...new Map(kept.map((each) => [each.rule, { ...each, until: Date.parse(each.until) }])).values()];
}

const test = record({ id: guid, by: oneLine(100), said: oneLine(300), record: matching(/^[0-9a-f]{64}$/, 'SHA-256') });
export type Test = ReturnType<typeof test>;
/** As many are kept: of those made while nothing watches, older ones are not put on record. */
export const MOST_TESTS = 100;
const tests = list(test, MOST_TESTS);

/** The newest last. @throws what keeps it from being read */
export function readTested(path: string): readonly Test[] {
  const text = readIfThere(path);
  return text === undefined ? [] : tests(JSON.parse(text), 'alerts-tested.json');
}
