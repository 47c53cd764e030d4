// The supervisor: prepares the data directory, starts control and all instances, keeps them running, and stops them in
// order. It knows which processes run and holds nothing that opens a key.
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DEV_INSTANCE } from './config/client-environment/variables.ts';
import { writeClientEnvironment } from './config/client-environment/write.ts';
import { places } from './config/data-layout.ts';
import { devIdentity, devSurroundings } from './config/dev-surroundings.ts';
import { ConfigError, type StartConfig } from './config/start-config.ts';
import { describeRunning } from './describe-running.ts';
import { openAuthority } from './dev-ca/authority.ts';
import { CONTROL_NAMES, ensureServerCertificate, instanceNames } from './dev-ca/server-certificate.ts';
import { ensureDevIdentities } from './ensure-dev-identities.ts';
import { DataLock, lockHolder } from './files/data-lock.ts';
import { MARKS_CHANGED } from './files/operators-mark.ts';
import { makePrivateFolder } from './files/private-folder.ts';
import { type RunningState, RunningStateFiles } from './files/running-state.ts';
import { AliasBook } from './supervision/alias-book.ts';
import { sendAliases } from './supervision/alias-link.ts';
import { controlProcess, sendInstanceChanged } from './supervision/control-process.ts';
import { controlRecipe } from './supervision/control-recipe.ts';
import { probePort } from './supervision/free-port.ts';
import { Instances } from './supervision/instances.ts';
import type { SupervisedProcess } from './supervision/supervised-process.ts';

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
  makePrivateFolder(at.root);
  await using stack = new AsyncDisposableStack();
  stack.use(takeLock(at.root));
  const files = stack.use(new RunningStateFiles(at.root, reporter.report));
  // Left by a copy that was killed: who waits for it must wait for this one.
  if (config.readyFile !== undefined) rmSync(config.readyFile, { force: true });
  const port = await takePort(config.port);
  const logs = join(at.root, 'logs');
  makePrivateFolder(logs);
  const now = new Date();
  const authority = await openAuthority(at.ca, now);
  const control = { key: join(at.control, 'tls-key.pem'), certificate: join(at.control, 'tls-certificate.pem') };
  await ensureServerCertificate(authority, control, CONTROL_NAMES, now);
  const clients = await ensureDevIdentities(at);
  let environmentWritten = writeClientEnvironment(at, port, clients);
  await environmentWritten;
  let namesDev = existsSync(at.instance(DEV_INSTANCE).config);
  /** The files name the instance `dev` from the moment on that it exists. */
  const renewEnvironment = (name: string): void => {
    if (namesDev || name !== DEV_INSTANCE) return;
    namesDev = true;
    environmentWritten = writeClientEnvironment(at, port, clients).catch((error: unknown) => {
      reporter.report(`${at.env} could not be written: ${error instanceof Error ? error.message : String(error)}`);
    });
  };

  const stateNow = (): RunningState =>
    describeRunning({
      at,
      port,
      tenantId: clients.tenantId,
      control: controlChild.pid,
      instances,
      aliases: book.settled,
    });
  const changed = (): void => void files.write(stateNow());
  const namesChanged = (): void => {
    sendAliases(controlChild.link, book.leads);
    changed();
  };
  const book: AliasBook = new AliasBook({
    root: at.root,
    renew: (names): Promise<void> => instances.renew(names),
    changed: namesChanged,
    report: reporter.report,
  });
  const frontToken = randomBytes(32);
  const instances: Instances = new Instances({
    places: at,
    tenantId: clients.tenantId,
    plan: { logs, frontToken, ...sizes(), entries: ENTRIES, ...reporter },
    surroundings: (name) => devSurroundings(name, clients.tenantId, port, at.caCertificate, book.of(name)),
    identity: (config) => devIdentity(config, { port, caFile: at.caCertificate, headerFile: at.identityHeader }),
    ensureCertificate: (name, own) =>
      ensureServerCertificate(
        authority,
        { key: own.tlsKey, certificate: own.tlsCertificate },
        instanceNames(name, book.of(name)),
        new Date(),
      ),
    aliasedTo: (name) => book.owner(name),
    changed: (name, status) => {
      sendInstanceChanged(controlChild.link, name, status);
      renewEnvironment(name);
      changed();
    },
  });
  const controlChild = controlProcess({
    folder: at.control,
    program: () => controlRecipe({ entry: ENTRIES.control, folder: at.control, port, ca: at.caCertificate }),
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

  const heed = (): void => {
    instances.heedMarks().catch((error: unknown) => {
      reporter.report(
        `an instance could not be stopped or started: ${error instanceof Error ? error.message : String(error)}`,
      );
    });
  };
  process.on(MARKS_CHANGED, heed);
  stack.defer(() => void process.off(MARKS_CHANGED, heed));
  controlChild.start();
  const [failed] = await Promise.race([
    Promise.all([instances.startAll(), controlReady(controlChild, logs)]),
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
      await environmentWritten;
      if (config.readyFile !== undefined) files.add(config.readyFile);
      await files.write(stateNow());
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** @throws ConfigError with the end of its log: what keeps it from starting is mostly outside of it */
async function controlReady(child: SupervisedProcess, logs: string): Promise<void> {
  try {
    await child.whenReady();
  } catch (cause) {
    const log = join(logs, 'control.log');
    const end = readFileSync(log, 'utf8').trimEnd().split('\n').slice(-12).join('\n');
    throw new ConfigError(`${cause instanceof Error ? cause.message : String(cause)}. The end of ${log}:\n${end}`, {
      cause,
    });
  }
}

const entry = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const ENTRIES = { control: entry('control.ts'), service: entry('service.ts'), recorder: entry('recorder.ts') };

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

async function takePort(wanted: number): Promise<number> {
  const port = await probePort(wanted);
  if (port !== undefined) return port;
  throw new ConfigError(`port ${wanted} is in use by another program; choose another one with --port (0: any)`);
}
