// What became of a rule in a test of the alerts.
import type { OutletSettings } from '../../deployment/alert-settings.ts';
import { type Rule, SEVERITIES } from '../../watcher/alerts/rule.ts';
import type { Scenario } from './scene.ts';
import type { Told } from './told.ts';

/** Of one rule. `not fired`, `not delivered`: it would not have been told as it should. `not tried`: nobody knows what makes it come true. */
export interface TestedRule {
  readonly rule: string;
  readonly severity: Rule['severity'];
  readonly outcome: 'delivered' | 'nobody is told' | 'not tried' | 'not fired' | 'not delivered';
  /** What was done, and of which operations the entries were; of a rule over entries. */
  readonly did: string;
  readonly operations?: readonly string[];
  /** What the alert said. */
  readonly alert?: string;
  readonly outlets: readonly { readonly outlet: string; readonly taken: boolean; readonly said?: string }[];
  /** From what was done on, until the last one had taken it. */
  readonly seconds?: number;
  readonly reason?: string;
}

/** All are tried once, and each attempt is bounded by itself. */
export const DELIVERED_WITHIN_MS = 60_000;

export interface Done {
  readonly scenario: Scenario;
  readonly began: number;
  readonly problem: string | undefined;
}

export function outletsOf(outlets: readonly OutletSettings[], severity: Rule['severity']): readonly string[] {
  return outlets
    .filter(({ least = 'info' }) => SEVERITIES.indexOf(severity) <= SEVERITIES.indexOf(least))
    .map(({ name }) => name);
}

export function outcomeOf(
  { name: rule, severity, kind }: Rule,
  found: {
    readonly outlets: readonly OutletSettings[];
    readonly done: readonly Done[];
    readonly told: Pick<Told, 'fired' | 'at'>;
    readonly operations: ReadonlySet<string> | undefined;
    readonly areNamed: boolean;
  },
): TestedRule {
  const mine = found.done.filter(({ scenario }) => scenario.fires.includes(rule));
  const did = mine.map(({ scenario }) => scenario.does).join('; ') || 'all that is done for other rules';
  const operations =
    kind === 'state' || kind === 'metric' ? {} : { operations: [...(found.operations ?? [])].toSorted() };
  const common = { rule, severity, did, ...operations };
  const fired = found.told.fired.get(rule);
  if (fired === undefined) {
    // What a rule of one's own is about may be what could not be done.
    const of = mine.length === 0 ? found.done : mine;
    const problems = of.flatMap(({ problem }) => (problem === undefined ? [] : [problem]));
    const reason =
      problems.length > 0
        ? `it could not be made to come true: ${problems.join('; ')}`
        : mine.length === 0
          ? `no scenario makes it come true: it was held against all of ${found.done.length}`
          : 'what it is for was done, and it did not come true';
    const isTried = mine.length > 0 || found.areNamed || problems.length > 0;
    return { ...common, outcome: isTried ? 'not fired' : 'not tried', outlets: [], reason };
  }
  const outlets = outletsOf(found.outlets, severity).map((outlet) => {
    const { taken, givenUp } = found.told.at(rule, outlet);
    const said = (taken ?? givenUp)?.said ?? `nothing came of it within ${DELIVERED_WITHIN_MS / 1000} s`;
    return { outlet, taken: taken !== undefined, said, at: taken?.at };
  });
  const lacking = outlets.filter(({ taken }) => !taken);
  // The scenario after whose beginning it came true.
  const { began } = mine.findLast((each) => each.began <= fired.at) ?? { began: fired.at };
  const last = Math.max(fired.at, ...outlets.map(({ at = 0 }) => at));
  return {
    ...common,
    outcome: lacking.length > 0 ? 'not delivered' : outlets.length === 0 ? 'nobody is told' : 'delivered',
    alert: fired.said,
    outlets: outlets.map(({ at: _at, ...each }) => each),
    seconds: Math.max(0, last - began) / 1000,
    ...(lacking.length === 0 ? {} : { reason: lacking.map(({ outlet, said }) => `${outlet}: ${said}`).join('; ') }),
  };
}
