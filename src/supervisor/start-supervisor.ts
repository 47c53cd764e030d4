// The supervisor: prepares the data directory, starts control and all instances, keeps them running, and stops them in
// order. It knows which processes run and holds nothing that opens a key.

import { randomBytes } from 'node:crypto';
import { readFileSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { type Places, places } from '../deployment/data-layout.ts';
import { readDevConfig } from '../deployment/dev-config.ts';
import { readConfigFile } from '../deployment/read-config-file.ts';
import { type RunningState, RunningStateFiles } from '../deployment/running-state.ts';
import { ConfigError, type StartConfig } from '../deployment/start-config.ts';
import { STOP_FLAGS_CHANGED } from '../deployment/stop-flag.ts';
import { DataLock, lockHolder } from '../files/data-lock.ts';
import { makePrivateFolder } from '../files/private-folder.ts';
import { sendAliases } from '../links/alias-link.ts';
import { entryOf } from '../links/entry.ts';
import { openManagementAudit } from '../links/recorder/management-audit.ts';
import { AliasTable } from './alias-table.ts';
import { controlProcess, sendInstanceChanged } from './control-process.ts';
import { describeRunning } from './describe-running.ts';
import { openDevProfile } from './dev-profile.ts';
import { Instances } from './instances.ts';
import { managementRecorder } from './management-recorder.ts';
import { openProductionProfile } from './production/profile.ts';
import type { Profile } from './profile.ts';
import { recordHostAct } from './record-host-act.ts';
import type { SupervisedProcess } from './supervised-process.ts';

export interface Reporter {
  report(text: string): void;
  show?(label: string, chunk: Buffer): void;
}

export interface Supervisor extends AsyncDisposable {
  readonly port: number;
  /** Instances found on disk that did not start; they go on being tried. */
  readonly failed: readonly { readonly name: string; readonly reason: unknown }[];
  readonly state: RunningState;
  /** From now on the ready file, if one was asked for, shows the state. */
  announce(): Promise<void>;
}

/** Resolves when requests are served, or early when a stop is wanted meanwhile. @throws ConfigError when something is in the way that its user can change */
export async function startSupervisor(
  config: StartConfig,
  reporter: Reporter,
  stopWanted: Promise<unknown>,
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
  const profile = stack.use(await openProfile(config, at, reporter.report));
  const { port, tenantId } = profile;
  const onChange = { ready: () => changed(), down: () => changed() };
  const recorder = stack.use(
    await managementRecorder(at.management, ENTRIES.recorder, logs, { ...reporter, ...onChange }),
  );
  const audit = stack.use(openManagementAudit(recorder.socketPath));

  const stateNow = (): RunningState =>
    describeRunning({
      at,
      profile,
      control: controlChild.pid,
      managementRecorder: recorder.process.pid,
      instances,
      aliases: book.settled,
      refusedAliases: book.refused,
    });
  const changed = (): void => void files.write(stateNow());
  const namesChanged = (): void => {
    sendAliases(controlChild.link, book.leads);
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
    tenantId,
    plan: { logs, frontToken, ...sizes(), entries: ENTRIES, ...reporter },
    made: () => profile.made(),
    surroundings: (name) => profile.surroundings(name, book.of(name)),
    identity: (of) => profile.identity(of),
    ensureCertificate: (name, own) => profile.ensureCertificate(name, own, book.of(name)),
    refusal: (name) => profile.refusal(name),
    prepare: (name, own, of) => profile.prepare(name, own, of),
    aliasedTo: (name) => book.owner(name),
    changed: (name, status) => {
      sendInstanceChanged(controlChild.link, name, status);
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
    frontToken,
    changed: namesChanged,
  });
  // Stopped in the opposite order: instances before control.
  stack.use(controlChild);
  stack.use(instances);
  stack.use(book);

  const applyStopFlag = (): void => {
    instances.applyStopFlags().catch((error: unknown) => {
      reporter.report(
        `an instance could not be stopped or started: ${error instanceof Error ? error.message : String(error)}`,
      );
    });
  };
  process.on(STOP_FLAGS_CHANGED, applyStopFlag);
  stack.defer(() => void process.off(STOP_FLAGS_CHANGED, applyStopFlag));
  recorder.process.start();
  controlChild.start();
  const [failed] = await Promise.race([
    Promise.all([
      instances.startAll(),
      controlReady(controlChild, logs),
      managementLogReady(recorder.process, logs, reporter),
    ]),
    stopWanted.then((): [] => []),
  ]);
  await files.write(stateNow());
  const owned = stack.move();
  return {
    port,
    failed: failed ?? [],
    get state() {
      return stateNow();
    },
    async announce() {
      await profile.written();
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
function openProfile(config: StartConfig, at: Places, report: (text: string) => void): Promise<Profile> {
  return config.profile === 'production'
    ? openProductionProfile({ at, configFile: config.configFile, report })
    : openDevProfile({
        at,
        port: config.port,
        entry: ENTRIES.control,
        report,
        ...(config.configFile === undefined ? {} : { config: readConfigFile(config.configFile, readDevConfig) }),
      });
}

/** @throws ConfigError with the end of its log: what keeps it from starting is mostly outside of it */
async function controlReady(child: SupervisedProcess, logs: string): Promise<void> {
  try {
    await child.whenReady();
  } catch (cause) {
    throw new ConfigError(`${cause instanceof Error ? cause.message : String(cause)}. ${endOf(logs, 'control.log')}`, {
      cause,
    });
  }
}

/** Without it nothing is changed in the management plane, but keys are used: it says so, and goes on. */
async function managementLogReady(child: SupervisedProcess, logs: string, { report }: Reporter): Promise<void> {
  try {
    await child.whenReady();
  } catch (error) {
    report(
      `the management plane changes nothing: ${error instanceof Error ? error.message : String(error)}. ${endOf(logs, 'management-recorder.log')}`,
    );
  }
}

function endOf(logs: string, name: string): string {
  const log = join(logs, name);
  return `The end of ${log}:\n${readFileSync(log, 'utf8').trimEnd().split('\n').slice(-12).join('\n')}`;
}

const ENTRIES = { control: entryOf('control'), service: entryOf('service'), recorder: entryOf('recorder') };

/** One worker for two cores, a partition for each core. Only Linux spreads the connections of a shared port. */
function sizes(): { readonly workers: number; readonly partitions: number } {
  const cores = availableParallelism();
  const workers = process.platform === 'linux' ? Math.max(1, Math.floor(cores / 2)) : 1;
  return { workers, partitions: Math.max(1, Math.floor(cores / workers)) };
}

function takeLock(root: string): DataLock {
  const lock = DataLock.take(root);
  if (lock !== undefined) return lock;
  const holder = lockHolder(root);
  throw new ConfigError(
    `the data directory ${root} is in use by another strongroom${holder === undefined ? '' : ` (process ${holder})`}; ` +
      'stop it, or choose another directory with --data',
  );
}
