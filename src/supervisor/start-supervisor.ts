// The supervisor: prepares the data directory, starts control and all instances, keeps them running, and stops them in
// order. It knows which processes run and holds nothing that opens a key.

import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { checkHealthFiles } from '../deployment/checks/check-health-files.ts';
import { type Places, places } from '../deployment/data-layout.ts';
import { readDevConfig } from '../deployment/dev-config.ts';
import { healthUri, openToAll, takeHealthPort } from '../deployment/health-listener.ts';
import { readConfigFile } from '../deployment/read-config-file.ts';
import { type RunningState, RunningStateFiles } from '../deployment/running-state.ts';
import { ConfigError, type StartConfig } from '../deployment/start-config.ts';
import { STOP_FLAGS_CHANGED } from '../deployment/stop-flag.ts';
import type { WatchConfig } from '../deployment/watch-config.ts';
import { lockHolder, takeDataLock } from '../files/data-lock.ts';
import { makePrivateFolder } from '../files/private-folder.ts';
import { aliasesChanged, instanceChanged } from '../links/control-messages.ts';
import { entryOf } from '../links/entry.ts';
import { openManagementAudit } from '../links/recorder/open-audit-log.ts';
import { AliasTable } from './alias-table.ts';
import { controlProcess } from './control-process.ts';
import { openDevProfile } from './dev-profile.ts';
import { IndexerProcess } from './indexer-process.ts';
import { Instances } from './instances.ts';
import { managementRecorder } from './management-recorder.ts';
import type { Profile } from './profile.ts';
import { recordHostAct, recordOwnWatchAct } from './record-host-act.ts';
import { refuseAlerts } from './refuse-alerts.ts';
import type { ProcessOptions, SupervisedProcess } from './supervised-process.ts';
import { WatcherProcess } from './watcher-process.ts';

type Reporter = Pick<ProcessOptions, 'report' | 'show'> & {
  /** Something of it is other than before. */
  readonly fares?: (state: RunningState) => void;
};

export interface Supervisor extends AsyncDisposable {
  readonly port: number;
  /** Instances found on disk that did not start; they go on being tried. */
  readonly failed: readonly { readonly name: string; readonly reason: unknown }[];
  readonly state: RunningState;
  /** With the ports that were taken. */
  readonly watch: WatchConfig;
  /** From now on the ready file, if one was asked for, shows the state. */
  announce(): Promise<void>;
}

/** Resolves when requests are served, or early when a stop is wanted meanwhile. @param opened everything begins to start now @throws ConfigError when something is in the way that its user can change */
export async function startSupervisor(
  config: StartConfig,
  reporter: Reporter,
  stopWanted: Promise<unknown>,
  opened: (state: RunningState) => void = () => {},
): Promise<Supervisor> {
  process.umask(0o077);
  const at = places(config.dataRoot);
  refusedAsConfig(() => makePrivateFolder(at.root));
  await using stack = new AsyncDisposableStack();
  stack.use(takeLock(at.root));
  const files = stack.use(new RunningStateFiles(at.root, reporter.report));
  // Left by a copy that was killed: who waits for it must wait for this one.
  if (config.readyFile !== undefined) rmSync(config.readyFile, { force: true });
  const logs = join(at.root, 'logs');
  makePrivateFolder(logs);
  const opening = openProfile(config, at, reporter.report);
  opening.catch(() => undefined); // awaited below
  // In production nothing starts before the configuration is accepted.
  if (config.profile === 'production') await opening;
  let changed = (): void => undefined;
  // It begins when everything serves: nobody waits for it.
  let watch = (): void => undefined;
  const onChange = { ready: () => changed(), down: () => changed(), answersAgain: () => changed() };
  const recorder = stack.use(
    await managementRecorder(at.management, ENTRIES.recorder, logs, { ...reporter, ...onChange }),
  );
  recorder.process.start();
  const profile = stack.use(await opening);
  const audit = stack.use(openManagementAudit(recorder.socketPath));
  const watchConfig = await settleWatch(config, profile.watch);

  const stateNow = (): RunningState => {
    const { statuses, pids, recoverability } = instances;
    return {
      ...profile.describe(new Map([...statuses].map(([name, { port }]) => [name, port]))),
      pids: {
        supervisor: process.pid,
        control: controlChild.pid ?? null,
        managementRecorder: recorder.process.pid ?? null,
        watcher: watcher.pid ?? null,
        indexer: indexer.pid ?? null,
        instances: pids,
      },
      instances: Object.fromEntries(statuses),
      recoverability,
      aliases: Object.fromEntries(Object.entries(book.settled).map(([alias, { instance }]) => [alias, instance])),
      refusedAliases: book.refused,
      tenantId: profile.tenantId,
      dataRoot: at.root,
      ...(config.configFile === undefined ? {} : { config: config.configFile }),
      port: profile.port,
      ...(watchConfig.health === undefined ? {} : { health: healthUri(watchConfig.health) }),
    };
  };
  const namesChanged = (): void => {
    controlChild.link?.send(aliasesChanged, { aliases: book.leads });
    changed();
  };
  const book: AliasTable = new AliasTable({
    root: at.root,
    refusal: (alias) => profile.refusal(alias),
    renew: (names): Promise<void> => instances.renew(names),
    changed: namesChanged,
    report: reporter.report,
  });
  const frontToken = randomBytes(32);
  const instances: Instances = new Instances({
    places: at,
    plan: { logs, frontToken, ...sizes(), entries: ENTRIES, indexWanted: () => indexer.want(), ...reporter },
    profile,
    aliases: book,
    record: (act) => recordHostAct(audit, act),
    changed: (name, status) => {
      controlChild.link?.send(instanceChanged, { name, ...status });
      profile.heard(name);
      changed();
    },
  });
  const controlChild = controlProcess({
    folder: at.control,
    program: () => profile.controlProgram(recorder.socketPath),
    record: (act) => recordHostAct(audit, act),
    logs,
    ...reporter,
    instances,
    frontToken: profile.prepared.then(() => frontToken),
    changed: namesChanged,
  });
  const indexer: IndexerProcess = new IndexerProcess({
    places: at,
    logs,
    names: () => instances.conditions.map(({ name }) => name),
    ...reporter,
    changed: () => changed(),
  });
  const watcher = new WatcherProcess({
    places: at,
    logs,
    profile: config.profile,
    config: watchConfig,
    condition: () => ({
      instances: instances.conditions,
      processes: { control: controlChild.answers, managementRecorder: recorder.process.answers },
    }),
    probe: () => {
      for (const each of [controlChild, recorder.process, instances]) each.probe();
    },
    askWorker: (name, at, asked) => instances.askWorker(name, at, asked),
    cosigned: (name, note) => instances.cosigned(name, note),
    record: (instance, act) => (instance === '' ? recordOwnWatchAct(audit, act) : instances.recordAct(instance, act)),
    ...reporter,
    changed: () => changed(),
  });
  // Stopped in the opposite order: instances before control, and what they did last is told of.
  stack.use(watcher);
  stack.use(indexer);
  stack.use(controlChild);
  stack.use(instances);
  stack.use(book);
  changed = () => {
    const state = stateNow();
    void files.write(state);
    reporter.fares?.(state);
    watch();
  };

  const applyStopFlag = (): void => {
    instances.applyStopFlags().catch((error: unknown) => {
      reporter.report(
        `an instance could not be stopped or started: ${error instanceof Error ? error.message : String(error)}`,
      );
    });
  };
  process.on(STOP_FLAGS_CHANGED, applyStopFlag);
  stack.defer(() => void process.off(STOP_FLAGS_CHANGED, applyStopFlag));
  controlChild.start();
  opened(stateNow());
  const [failed] = await Promise.race([
    Promise.all([
      instances.startAll(),
      profile.prepared,
      controlReady(controlChild, logs),
      managementLogReady(recorder.process, logs, reporter),
    ]),
    stopWanted.then((): [] => []),
  ]);
  watch = () => {
    watcher.update();
    indexer.update();
  };
  watch();
  await files.write(stateNow());
  const owned = stack.move();
  return {
    port: profile.port,
    failed: failed ?? [],
    watch: watchConfig,
    get state() {
      return stateNow();
    },
    async announce() {
      await profile.written();
      await watcher.settled();
      if (config.readyFile !== undefined) files.add(config.readyFile);
      await files.write(stateNow());
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** @throws ConfigError */
function refusedAsConfig(make: () => void): void {
  try {
    make();
  } catch (cause) {
    throw new ConfigError(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}

/** @throws ConfigError */
async function settleWatch({ healthPort, profile }: StartConfig, watch: WatchConfig): Promise<WatchConfig> {
  if (healthPort !== undefined && watch.health !== undefined) {
    throw new ConfigError(
      'the configuration has the health listener already: leave out --health-port, or "health" there',
    );
  }
  const health = healthPort === undefined ? watch.health : { port: healthPort };
  if (health === undefined) return watch;
  const open = profile === 'dev' ? openToAll(health) : undefined; // production may accept it
  if (open !== undefined) throw new ConfigError(open);
  checkHealthFiles(health);
  return { ...watch, health: await takeHealthPort(health) };
}

/** @throws ConfigError, where the folder is another profile's at once */
async function openProfile(config: StartConfig, at: Places, report: (text: string) => void): Promise<Profile> {
  const { profile, configFile } = config;
  if (profile === 'production')
    return (await import('./production/profile.ts')).openProductionProfile(at, config.configFile, report);
  if (existsSync(at.production)) {
    throw new ConfigError(
      `${at.root} is a data directory of the production profile: start it with --profile production --config FILE, or name another with --data`,
    );
  }
  const dev = configFile === undefined ? undefined : readConfigFile(configFile, readDevConfig);
  if (dev !== undefined) await refuseAlerts(dev, 'dev');
  return openDevProfile(at, config.port, report, dev);
}

/** @throws ConfigError: without it nobody is served */
async function controlReady(child: SupervisedProcess, logs: string): Promise<void> {
  await child.whenReady().catch((cause: unknown) => {
    throw new ConfigError(whyNot(cause, join(logs, 'control.log')), { cause });
  });
}

/** Without it nothing is changed in the management plane, but keys are used: it says so, and goes on. */
async function managementLogReady(child: SupervisedProcess, logs: string, { report }: Reporter): Promise<void> {
  await child.whenReady().catch((cause: unknown) => {
    report(`the management plane changes nothing: ${whyNot(cause, join(logs, 'management-recorder.log'))}`);
  });
}

/** With the end of its log: what keeps it from starting is mostly outside of it. */
function whyNot(cause: unknown, log: string): string {
  const end = readFileSync(log, 'utf8').trimEnd().split('\n').slice(-12).join('\n');
  return `${cause instanceof Error ? cause.message : String(cause)}. The end of ${log}:\n${end}`;
}

const ENTRIES = { service: entryOf('service'), recorder: entryOf('recorder') };

/** One worker for two cores, a partition for each core. Only Linux spreads the connections of a shared port. */
function sizes(): { readonly workers: number; readonly partitions: number } {
  const cores = availableParallelism();
  const workers = process.platform === 'linux' ? Math.max(1, Math.floor(cores / 2)) : 1;
  return { workers, partitions: Math.max(1, Math.floor(cores / workers)) };
}

function takeLock(root: string): Disposable {
  const lock = takeDataLock(root);
  if (lock !== undefined) return lock;
  const holder = lockHolder(root);
  throw new ConfigError(
    `the data directory ${root} is in use by another strongroom${holder === undefined ? '' : ` (process ${holder})`}; ` +
      'stop it, or choose another directory with --data',
  );
}
