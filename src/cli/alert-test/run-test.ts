// The test of the alerts: makes in a product that is thrown away what each rule is for, and sees who is told.
import type { AlertSettings, OutletSettings } from '../../deployment/alert-settings.ts';
import { places } from '../../deployment/data-layout.ts';
import { oneLine } from '../../formats/printable.ts';
import { type Rule, SEVERITIES } from '../../watcher/alerts/rule.ts';
import type { Terminal } from '../command.ts';
import { openThrowAwayProduct } from '../throw-away.ts';
import { gone, hsmsAndNetwork } from './hsms-and-network.ts';
import { duties, keysAndRoles } from './keys-and-roles.ts';
import { openReceiver } from './receiver.ts';
import { domains, recovery } from './recovery.ts';
import { openScene, type Scenario } from './scene.ts';
import { ends, machine, silenced, time } from './time-and-machine.ts';
import { operationsOf, Told } from './told.ts';

/** Of one rule. `not fired`, `not delivered`: it would not have been told as it should. */
export interface TestedRule {
  readonly rule: string;
  readonly severity: Rule['severity'];
  readonly outcome: 'delivered' | 'nobody is told' | 'not fired' | 'not delivered';
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

export interface AlertTest {
  /** What holds at the operator's, with the rules that are not tested switched off. */
  readonly settings: AlertSettings;
  readonly rules: readonly Rule[];
  /** Nobody is bothered: a receiver of the test's own takes all. */
  readonly isQuiet: boolean;
  readonly onDisk: boolean;
}

/** In this order: what breaks the HSM comes last. */
const SCENARIOS: readonly Scenario[] = [
  ...[silenced, ...recovery, ...keysAndRoles, ...hsmsAndNetwork, ...time, ...domains, gone],
  ...[...machine, duties, ...ends],
];
const ROOM = 512 * 2 ** 20;
/** All are tried once, and each attempt is bounded by itself. */
const DELIVERED_WITHIN_MS = 60_000;
/** The watcher may be starting again. */
const FIRED_WITHIN_MS = 120_000;
const LOOK_MS = 500;

interface Done {
  readonly scenario: Scenario;
  readonly began: number;
  readonly problem: string | undefined;
}

export async function testAlerts(
  { settings, rules, isQuiet, onDisk }: AlertTest,
  terminal: Terminal,
): Promise<readonly TestedRule[]> {
  await using stack = new AsyncDisposableStack();
  const receiver = stack.use(await openReceiver());
  const outlets = isQuiet ? receiver.outlets : settings.outlets;
  const configuration = {
    // The limit is of what happens, and this does not.
    alerts: { ...settings, outlets: outlets.map((each) => ({ ...each, mostPerHour: 3600 })), test: true },
    ...receiver.others,
  };
  const began = Date.now();
  terminal.err('make a throw-away product\n');
  const product = stack.use(await openThrowAwayProduct(configuration, { needs: ROOM, onDisk }));
  const at = places(product.data);
  const names = new Set(rules.map(({ name }) => name));
  const progress = {
    isTested: (rule: string) => names.has(rule),
    hasFired: (rule: string) => {
      told.look();
      return told.fired.has(rule);
    },
  };
  const scene = openScene(product.data, product.exited, progress);
  const told = new Told(at, scene.state);
  const known = new Set(SCENARIOS.flatMap(({ fires }) => fires));
  // What an operator's own rule is about nobody knows: all is done.
  const hasOwn = rules.some(({ name }) => !known.has(name));
  const done: Done[] = [];
  // When each was taken shows while it goes on.
  const looking = setInterval(() => told.look(), LOOK_MS);
  stack.defer(() => clearInterval(looking));
  for (const scenario of SCENARIOS) {
    if (!hasOwn && !scenario.fires.some(progress.isTested)) continue;
    const beginning = done.length === 0 ? began : Date.now();
    terminal.err(`${scenario.does}\n`);
    const problem = await scenario.run(scene).then(
      () => undefined,
      (error: unknown) => oneLine(error instanceof Error ? error.message : String(error)),
    );
    if (problem !== undefined) terminal.err(`  it could not be done: ${problem}\n`);
    done.push({ scenario, began: beginning, problem });
    told.look();
  }
  const isSettled = ({ name, severity }: Rule): boolean =>
    outletsOf(outlets, severity).every((outlet) => {
      const { taken, givenUp } = told.at(name, outlet);
      return taken !== undefined || givenUp !== undefined;
    });
  const look = (of: readonly Rule[]) => () => {
    told.look();
    return of.every((rule) => told.fired.has(rule.name) && isSettled(rule));
  };
  await scene.until(look(rules.filter(({ name }) => known.has(name))), FIRED_WITHIN_MS);
  await scene.until(look(rules.filter(({ name }) => told.fired.has(name))), DELIVERED_WITHIN_MS);
  const operations = operationsOf(at, rules);
  return rules.map((rule) => outcomeOf(rule, { outlets, done, told, operations: operations.get(rule.name) }));
}

function outletsOf(outlets: readonly OutletSettings[], severity: Rule['severity']): readonly string[] {
  return outlets
    .filter(({ least = 'info' }) => SEVERITIES.indexOf(severity) <= SEVERITIES.indexOf(least))
    .map(({ name }) => name);
}

function outcomeOf(
  { name: rule, severity, kind }: Rule,
  found: {
    readonly outlets: readonly OutletSettings[];
    readonly done: readonly Done[];
    readonly told: Told;
    readonly operations: ReadonlySet<string> | undefined;
  },
): TestedRule {
  const mine = found.done.filter(({ scenario }) => scenario.fires.includes(rule));
  const did = mine.map(({ scenario }) => scenario.does).join('; ') || 'all that is done for other rules';
  const operations =
    kind === 'state' || kind === 'metric' ? {} : { operations: [...(found.operations ?? [])].toSorted() };
  const common = { rule, severity, did, ...operations };
  const fired = found.told.fired.get(rule);
  if (fired === undefined) {
    const problems = mine.flatMap(({ problem }) => (problem === undefined ? [] : [problem]));
    const reason =
      mine.length === 0
        ? `no scenario makes it come true: it was held against all of ${found.done.length}`
        : problems.length > 0
          ? `it could not be made to come true: ${problems.join('; ')}`
          : 'what it is for was done, and it did not come true';
    return { ...common, outcome: 'not fired', outlets: [], reason };
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
