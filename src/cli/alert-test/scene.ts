// Where alerts are tested: a product that is thrown away, asked as its users ask it, and its processes and files where something is to
// break.
import { readFileSync } from 'node:fs';
import { places } from '../../deployment/data-layout.ts';
import { readDevClients } from '../../deployment/dev-clients.ts';
import { readInstanceConfig } from '../../deployment/instance.ts';
import { signedSize } from '../../features/audit/follow-entries.ts';
import { replaceFile } from '../../files/durable-file.ts';
import { readIfThere } from '../../files/read-if-there.ts';
import { alertStateFile, testClockFile, testMeasuredFile } from '../../watcher/alerts/alert-files.ts';
import { type AlertState, parseAlertState } from '../../watcher/alerts/alert-state.ts';
import { type Command, CommandError } from '../command.ts';
import { runOf } from '../dispatch.ts';
import { openInstanceClient } from '../instance-client.ts';
import { openResourceManager } from '../management-client.ts';
import { parseArguments } from '../parse.ts';
import { requireRunning, untilRunning } from '../running.ts';

export type Scene = ReturnType<typeof openScene>;

/** What makes some rules come true. */
export interface Scenario {
  /** Of the product. */
  readonly fires: readonly string[];
  /** What is done, for people. */
  readonly does: string;
  /** @throws when it cannot be done */
  run(scene: Scene): Promise<void>;
}

const VERSION = 'api-version=7.6';
const PATIENCE_MS = 60_000;
const LOOK_MS = 100;

/** What of the test a scenario may know. */
export interface Progress {
  readonly isTested: (rule: string) => boolean;
  readonly hasFired: (rule: string) => boolean;
}

/** @param data its directory @param exited resolves when it has ended by itself */
export function openScene(data: string, exited: Promise<void>, progress: Progress) {
  const at = places(data);
  const clients = readDevClients(data);
  const client = (as?: 'alice' | 'bob', name = 'dev', asksMuch = false) =>
    openInstanceClient({ 'hsm-name': name, data, as }, asksMuch);
  const admin = client();
  const arm = openResourceManager({ data, arm: undefined, ca: undefined });
  let ahead = 0;
  const state = (): AlertState | undefined => {
    const text = readIfThere(alertStateFile(at.watch));
    return text === undefined ? undefined : parseAlertState(text);
  };

  /** Looks until it holds. @returns whether it did */
  async function until(holds: () => unknown, within = PATIENCE_MS): Promise<boolean> {
    for (const late = performance.now() + within; performance.now() < late; ) {
      if (await holds()) return true;
      const { promise: pause, resolve } = Promise.withResolvers<boolean>();
      const timer = setTimeout(() => resolve(false), LOOK_MS);
      const isOver = await Promise.race([pause, exited.then(() => true)]);
      clearTimeout(timer);
      if (isOver) throw new CommandError('the throw-away product ended early');
    }
    return false;
  }

  return {
    ...progress,
    ...{ data, at, dev: at.instance('dev'), clients, admin, client, until, state },
    /** Of the instance, as its administrator. */
    ask: (...[method, path, body]: Parameters<typeof admin.ask>): Promise<unknown> =>
      admin.ask(method, `${path}?${VERSION}`, body),
    arm: arm.ask,
    hsm: (name: string): string =>
      `/subscriptions/${clients.subscriptionId}/resourceGroups/strongroom-dev/providers/Microsoft.KeyVault/managedHSMs/${name}`,
    /** A command, with the data directory of the product. @throws CommandError */
    async strongroom(commands: readonly Command[], name: string, ...words: readonly string[]): Promise<unknown> {
      const command = commands.find((each) => each.name === name);
      if (command === undefined) throw new TypeError(name);
      const { values, operands } = parseArguments(command, [...words, '--data', data]);
      const outcome = await runOf(command, values, operands, { out: () => undefined, err: () => undefined });
      return typeof outcome === 'object' ? outcome.json : outcome;
    },
    pids: () => requireRunning(data).pids,
    /** @throws CommandError when it takes too long */
    fares: (holds: (activation: string, port: number) => boolean) =>
      untilRunning(
        data,
        ({ instances }) => holds(instances['dev']?.activation ?? '', instances['dev']?.port ?? 0),
        PATIENCE_MS,
        "'dev' has not got there in time",
      ),
    /** The watcher's clock, and nobody else's: what takes days is measured at once. Where an HSM does not answer, no figures are to be had. */
    async moveClock(seconds: number, untilMeasured = true): Promise<void> {
      ahead += seconds;
      await replaceFile(testClockFile(at.watch), String(ahead));
      const moved = Date.now() + 1000 * ahead;
      if (untilMeasured) await until(() => Number(readIfThere(testMeasuredFile(at.watch))) >= moved);
    },
    /** What the watcher knows of callers, while it does not look: it goes on from there. */
    async changeLearnt(change: (kept: AlertState) => void): Promise<void> {
      const { watcher } = requireRunning(data).pids;
      if (watcher === null) throw new CommandError('the watcher of the throw-away product does not run');
      process.kill(watcher, 'SIGSTOP');
      try {
        const kept = state();
        if (kept === undefined) throw new CommandError('the watcher of the throw-away product keeps nothing');
        change(kept);
        await replaceFile(alertStateFile(at.watch), JSON.stringify(kept));
      } finally {
        process.kill(watcher, 'SIGKILL');
      }
      await until(() => requireRunning(data).pids.watcher !== watcher);
    },
    /** Whether the watcher has judged all that the log of `dev` holds. */
    isJudged: (): boolean => {
      const { audit, config } = at.instance('dev');
      return (state()?.logs[readInstanceConfig(config).id]?.next ?? 0) >= signedSize(audit);
    },
    /** Whether a rule over a state or a figure holds, told or not. */
    isHolding: (rule: string): boolean =>
      Object.keys(state()?.holding ?? {}).some((key) => (JSON.parse(key) as readonly string[])[0] === rule),
    custodian: (n: number, extension: 'pem' | 'cer'): string => `${at.custodians}/custodian-${n}.${extension}`,
    domain: (): string => readFileSync(`${at.custodians}/dev-security-domain.json`, 'utf8'),
  };
}
