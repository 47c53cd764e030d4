// What an answer is held against: a recorded value, with marks where the service makes something. Members are neither
// missing nor more, types are the same, and so are values that the service does not make.
import type { Json } from './exchanges.ts';
import { Variables } from './variables.ts';

/** `where` and `how` identify it; what was said is for people. */
export interface Difference {
  readonly where: string;
  readonly how: 'missing' | 'extra' | 'type' | 'value';
  readonly recorded?: Json;
  readonly answered?: Json;
}

type Members = Readonly<Record<string, Json>>;

/** Of an answer whose mark says `time`: an instance tells seconds, the resource manager dates. */
export type Clock = 'seconds' | 'dates';

export function compare(
  where: string,
  recorded: Json,
  answered: Json,
  variables: Variables,
  clock: Clock,
): Difference[] {
  const differs = (how: Difference['how']): Difference[] => [{ where, how, recorded, answered }];
  if (typeof recorded === 'string') {
    if (typeof answered !== 'string') return differs('type');
    return variables.matches(recorded, answered) ? [] : differs('value');
  }
  if (recorded === null || typeof recorded !== 'object') {
    if (typeof answered !== typeof recorded || (recorded === null && answered !== null)) return differs('type');
    return answered === recorded ? [] : differs('value');
  }
  if (isList(recorded)) {
    if (!isList(answered)) return differs('type');
    const others = recorded.some((entry) => markOf(entry) === 'others');
    const own = recorded.filter((entry) => markOf(entry) !== 'others');
    if (others) return compareSet(where, own, answered, variables, clock, true);
    if (own.length !== answered.length) return differs('value');
    return own.flatMap((entry, index) =>
      compare(`${where}[${index}]`, entry, answered[index] ?? null, variables, clock),
    );
  }
  const mark = markOf(recorded);
  const members = recorded as Members;
  if (mark !== undefined) return compareMark(mark, where, members, answered, variables, clock);
  if (answered === null || typeof answered !== 'object' || Array.isArray(answered)) return differs('type');
  const given = answered as Members;
  const known = Object.entries(members).flatMap(([name, entry]): Difference[] => {
    const value = given[name];
    const at = `${where}.${name}`;
    if (value !== undefined) return compare(at, entry, value, variables, clock);
    return markOf(entry) !== undefined && (entry as Members)['optional'] === true
      ? []
      : [{ where: at, how: 'missing', recorded: entry }];
  });
  const more = Object.keys(given).filter((name) => members[name] === undefined);
  return [
    ...known,
    ...more.map((name): Difference => ({ where: `${where}.${name}`, how: 'extra', answered: given[name] as Json })),
  ];
}

/** `Array.isArray` makes a list of anything of one that is read-only. */
function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}

function markOf(value: Json | undefined): string | undefined {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return undefined;
  const mark = (value as Members)['$'];
  return typeof mark === 'string' ? mark : undefined;
}

function compareMark(
  mark: string,
  where: string,
  recorded: Members,
  answered: Json,
  variables: Variables,
  clock: Clock,
): Difference[] {
  const differs = (how: Difference['how']): Difference[] => [{ where, how, recorded, answered }];
  switch (mark) {
    case 'made': {
      if (typeof answered !== 'string') return differs('type');
      const { length, as, is } = recorded;
      if (answered === '' || (typeof length === 'number' && answered.length !== length)) return differs('value');
      if (typeof is === 'string' && (variables.get(is) ?? answered) !== answered) return differs('value');
      const name = as ?? is;
      if (typeof name === 'string') variables.bind(name, answered);
      return [];
    }
    case 'time':
      if (clock === 'seconds') return Number.isInteger(answered) ? [] : differs('type');
      return typeof answered === 'string' && DATE.test(answered) ? [] : differs('type');
    case 'set':
      if (!isList(answered)) return differs('type');
      return compareSet(where, recorded['of'] as readonly Json[], answered, variables, clock, false);
    case 'of-hsm':
      return typeof answered === 'string' || typeof answered === 'number' ? [] : differs('type');
    case 'unknown':
      return [];
    default:
      throw new Error(`a recording has the mark ${mark}, which nobody reads`);
  }
}

const DATE = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|\+00:00)$/;

/** Of entries without an order; which one is meant shows in what it is called. */
function compareSet(
  where: string,
  recorded: readonly Json[],
  answered: readonly Json[],
  variables: Variables,
  clock: Clock,
  more: boolean,
): Difference[] {
  const left = [...answered];
  const found: Difference[] = [];
  recorded.forEach((entry, index) => {
    const trials = left
      .map((candidate, at) => {
        const trial = new Variables(variables);
        return { at, trial, differences: compare(`${where}[${index}]`, entry, candidate, trial, clock) };
      })
      .sort((a, b) => a.differences.length - b.differences.length);
    const best = trials.find(({ differences }) => !differences.some((one) => isIdentity(where, index, one)));
    if (best === undefined) {
      found.push({ where: `${where}[${index}]`, how: 'missing', recorded: entry });
      return;
    }
    variables.adopt(best.trial);
    left.splice(best.at, 1);
    found.push(...best.differences);
  });
  if (!more) found.push(...left.map((entry): Difference => ({ where, how: 'extra', answered: entry })));
  return found;
}

/** The entry itself, or one of the members that it is called by. */
function isIdentity(where: string, index: number, difference: Difference): boolean {
  return ['', '.id', '.kid', '.name'].some((member) => difference.where === `${where}[${index}]${member}`);
}
