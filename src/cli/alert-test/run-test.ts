// The test of the alerts: makes in a product that is thrown away what each rule is for, and sees who is told.
import type { AlertSettings } from '../../deployment/alert-settings.ts';
import { places } from '../../deployment/data-layout.ts';
import { oneLine } from '../../formats/printable.ts';
import type { Rule } from '../../watcher/alerts/rule.ts';
import type { Terminal } from '../command.ts';
import { openThrowAwayProduct } from '../throw-away.ts';
import { gone, hsmsAndNetwork } from './hsms-and-network.ts';
import { duties, keysAndRoles } from './keys-and-roles.ts';
import { DELIVERED_WITHIN_MS, type Done, outcomeOf, outletsOf, type TestedRule } from './outcome.ts';
import { openReceiver } from './receiver.ts';
import { domains, recovery } from './recovery.ts';
import { openScene, type Scenario } from './scene.ts';
import { ends, machine, silenced, time } from './time-and-machine.ts';
import { operationsOf, Told } from './told.ts';

export interface AlertTest {
  /** What holds at the operator's, with the rules that are not tested switched off. */
  readonly settings: AlertSettings;
  readonly rules: readonly Rule[];
  /** They were asked for by name: one that is not tried was not tested. */
  readonly areNamed: boolean;
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
/** The watcher may be starting again. */
const FIRED_WITHIN_MS = 120_000;
/** Of what no scenario is for; each scenario has waited for those that it is for. */
const OWN_FIRED_WITHIN_MS = 10_000;
const LOOK_MS = 500;

export async function testAlerts(
  { settings, rules, areNamed, isQuiet, onDisk }: AlertTest,
  terminal: Terminal,
): Promise<readonly TestedRule[]> {
  await using stack = new AsyncDisposableStack();
  const receiver = stack.use(await openReceiver());
  const outlets = isQuiet ? receiver.outlets : settings.outlets;
  const names = new Set(rules.map(({ name }) => name));
  const down = names.has('outlet-failing') ? [receiver.down] : [];
  const configuration = {
    // The limit is of what happens, and this does not.
    alerts: { ...settings, outlets: [...outlets, ...down].map((each) => ({ ...each, mostPerHour: 3600 })), test: true },
    ...receiver.others,
  };
  const began = Date.now();
  terminal.err('make a throw-away product\n');
  const product = stack.use(await openThrowAwayProduct(configuration, { needs: ROOM, onDisk }));
  const at = places(product.data);
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
  const isSettled = ({ name, severity }: Rule): boolean =>
    outletsOf(outlets, severity).every((outlet) => {
      const { taken, givenUp } = told.at(name, outlet);
      return taken !== undefined || givenUp !== undefined;
    });
  const look = (of: readonly Rule[]) => () => {
    told.look();
    return of.every((rule) => told.fired.has(rule.name) && isSettled(rule));
  };
  const done: Done[] = [];
  // When each was taken shows while it goes on.
  const looking = setInterval(() => told.look(), LOOK_MS);
  stack.defer(() => clearInterval(looking));
  const scenarios = SCENARIOS.filter(({ fires }) => hasOwn || fires.some(progress.isTested));
  for (const [i, scenario] of scenarios.entries()) {
    const beginning = i === 0 ? began : Date.now();
    terminal.err(`${i + 1} of ${scenarios.length}: ${scenario.does}\n`);
    const problem = await scenario.run(scene).then(
      () => undefined,
      (error: unknown) => oneLine(error instanceof Error ? error.message : String(error)),
    );
    if (problem !== undefined) terminal.err(`  it could not be done: ${problem}\n`);
    done.push({ scenario, began: beginning, problem });
    if (hasOwn && look(rules)()) break;
  }
  await scene.until(look(rules.filter(({ name }) => known.has(name))), FIRED_WITHIN_MS);
  await scene.until(look(rules), OWN_FIRED_WITHIN_MS);
  await scene.until(look(rules.filter(({ name }) => told.fired.has(name))), DELIVERED_WITHIN_MS);
  const operations = operationsOf(at, rules);
  return rules.map((rule) => outcomeOf(rule, { outlets, done, told, operations: operations.get(rule.name), areNamed }));
}
