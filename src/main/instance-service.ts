// Wires one service worker: module, record, store, features, gateway. Order matters: nothing listens before the store
// has been verified against what the log and the module have seen.
import { randomBytes, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { CryptoClient } from '../crypto/client/crypto-client.ts';
import { openCryptoClient } from '../crypto/client/open-crypto-client.ts';
import { attestationRows } from '../features/attestation/rows.ts';
import type { AuditLog } from '../features/audit/audit-log.ts';
import { openAuditLog } from '../features/audit/open-audit-log.ts';
import { importRows } from '../features/byok/rows.ts';
import { openDueWork } from '../features/clock/due-work.ts';
import { clockRows } from '../features/clock/rows.ts';
import { planAddress } from '../features/events/switch.ts';
import { EventTargets } from '../features/events/targets.ts';
import { planToldRemoval } from '../features/events/told.ts';
import { keyBackupRows } from '../features/key-backup/rows.ts';
import { keyOperationRows } from '../features/key-operations/rows.ts';
import type { PurgeCompanion } from '../features/keys/purge.ts';
import { keyRows } from '../features/keys/rows.ts';
import { openAuthorityKeys } from '../features/release/authorities/signing-keys.ts';
import { releaseRows } from '../features/release/rows.ts';
import { rngRows } from '../features/rng/rows.ts';
import { planInitialAssignments } from '../features/roles/initial-assignments.ts';
import { planRemovalAtKey } from '../features/roles/remove-at-key.ts';
import { roleRows } from '../features/roles/rows.ts';
import { planPolicyRemoval } from '../features/rotation/policies.ts';
import { rotationRows } from '../features/rotation/rows.ts';
import { secureWrapRows } from '../features/secure-wrap/rows.ts';
import { type Activation, openActivation } from '../features/security-domain/activation.ts';
import { securityDomainRows } from '../features/security-domain/rows.ts';
import { settingRows } from '../features/settings/rows.ts';
import { type Listener, listen } from '../gateway/listener.ts';
import { buildPipeline } from '../gateway/pipeline.ts';
import { buildRouter } from '../gateway/router.ts';
import { type Store, StoreError } from '../store/port.ts';
import { moduleSealer } from '../store/sealed/module-sealer.ts';
import { openRecords } from '../store/sealed/open-records.ts';
import type { Records } from '../store/sealed/records.ts';
import { openSqliteStore } from '../store/sqlite/sqlite-store.ts';
import type { InstancePlaces } from './config/data-layout.ts';
import type { InstanceConfig } from './config/instance.ts';
import { purgeJob, rotateIfDueJob } from './due-jobs.ts';
import { openEventSending } from './event-sending.ts';
import { instanceHosts, openVerifiers } from './instance-hosts.ts';
import { emptyInstanceState, type InstanceState, makePromises } from './instance-state.ts';
import { reportFailure } from './report-failure.ts';
import { completeLog, recordRefusedStore } from './service-entries.ts';
import { VERSION } from './version.ts';

export interface ServiceOptions {
  readonly config: InstanceConfig;
  readonly places: Pick<InstancePlaces, 'module' | 'store' | 'tlsKey' | 'tlsCertificate'>;
  readonly recorderSocket: string;
  /** 0: any free port. */
  readonly port: number;
  readonly partitions: number;
  /** Several workers listen on one port. */
  readonly shared: boolean;
  /** One worker of an instance records heads that no entry names; others may see one that is about to be recorded. */
  readonly completesLog: boolean;
  /** Unix seconds; default: the system's. Tokens are checked against the system's, always. */
  readonly systemNow?: () => number;
  readonly onPartitions: (pids: readonly number[]) => void;
  readonly onActivation: (status: 'NotActivated' | 'Active', message: string) => void;
}

export interface InstanceService extends AsyncDisposable {
  readonly port: number;
  readonly modulePids: readonly number[];
}

/** @throws StoreError Refused when the store is not the one that was left behind; recorded before it is thrown */
export async function startInstanceService(options: ServiceOptions): Promise<InstanceService> {
  const { config, places } = options;
  await using stack = new AsyncDisposableStack();
  const crypto = stack.use(
    await openCryptoClient({
      moduleFolder: places.module,
      partitions: options.partitions,
      onPartitions: options.onPartitions,
    }),
  );
  const audit = stack.use(
    await openAuditLog({
      socketPath: options.recorderSocket,
      signCheckpoint: async (size, root) => (await crypto.send('signCheckpoint', { size, root })).note,
    }),
  );
  const newestHeadInLog = await audit.newestHead();
  const store = stack.use(
    await openSqliteStore({ folder: places.store }).catch((error: unknown) => refuseStore(audit, config, error)),
  );
  await provisionModule(crypto, config, async () => newestHeadInLog === 0 && (await isEmpty(store)));
  await refuseCutLog(audit, crypto);

  let wake = (): void => undefined;
  let wakeEvents = (): void => undefined;
  const state = emptyInstanceState(config, options.systemNow ?? (() => Date.now() / 1000), () => wake());
  const activation = openActivation(
    crypto,
    () => options.onActivation('Active', 'The security domain was downloaded; the HSM is active.'),
    (error) => reportFailure('reload of the module after activation', error),
  );
  if (!activation.isActive()) {
    options.onActivation(
      'NotActivated',
      'Your HSM has been provisioned, but cannot be used until the security domain is downloaded.',
    );
  }
  const records = stack.use(
    await openVerifiedRecords({ store, crypto, audit, config, newestHeadInLog }, (change) => {
      state.apply(change);
      activation.apply(change);
      wakeEvents();
    }),
  );
  if (options.completesLog && records.head.sequence > newestHeadInLog) {
    await completeLog(audit, config, records.head, 'StoreHeadCompleted');
  }
  await makePromises({ promises: state.promises, records, audit }, config);
  await makeInitialAssignments({ records, roles: state.roles, audit }, config);

  const purgeCompanions: readonly PurgeCompanion[] = [
    (name) => planRemovalAtKey(name, state.roles),
    planPolicyRemoval,
    planToldRemoval,
  ];
  const { keys, clock, policies, rotations: schedule, limits } = state;
  const clockOffset = (): number => clock.offset;
  const stopping = new AbortController();
  const due = { keys, records, now: clock.now, audit, clockOffset };
  const eventTargets = new EventTargets(config.eventTargets ?? [], {
    profile: config.profile,
    readFile: (path) => readFileSync(path, 'utf8'),
  });
  const dueWork = stack.use(
    openDueWork({
      jobs: [
        purgeJob({ ...due, purgeCompanions }, config),
        rotateIfDueJob({ ...due, crypto, policies, schedule, limits, randomHex, stopping: stopping.signal }, config),
      ],
      now: clock.now,
      refresh: () => records.refresh(),
      report: (job, error) => reportFailure(job, error),
    }),
  );
  if (options.completesLog) {
    const parts = { state, records, audit, targets: eventTargets, stopping: stopping.signal };
    const eventWork = stack.use(openEventSending(parts, config));
    wakeEvents = () => {
      if (state.told.since !== undefined) eventWork.wake();
    };
  }
  stack.defer(() => stopping.abort());
  wake = () => {
    dueWork.wake();
    wakeEvents();
  };
  const parts = { stack, crypto, audit, records, state, activation, purgeCompanions, eventTargets };
  const listener = stack.use(await openGateway(options, parts));
  wake();
  const owned = stack.move();
  return {
    port: listener.port,
    get modulePids() {
      return crypto.pids;
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/**
 * Only the first worker of a new instance finds a blank module. Where there are records or a log of them, the module has
 * lost its state: new root keys would open none of it, and hide that the old ones are missing.
 */
async function provisionModule(
  crypto: CryptoClient,
  { id, name }: InstanceConfig,
  isNew: () => Promise<boolean>,
): Promise<void> {
  if (crypto.hello.state === 'blank') {
    if (!(await isNew())) throw new Error('the module has no state, but store or log have records of this instance');
    await crypto.ceremony('provision', { instanceId: id, instanceName: name });
  }
  if (crypto.hello.instanceId !== id) {
    throw new Error(`the module's state belongs to instance ${crypto.hello.instanceId}, not to ${id}`);
  }
}

async function isEmpty(store: Store): Promise<boolean> {
  for await (const batch of store.list()) if (batch.length > 0) return false;
  return true;
}

/** Not put on record: that log would grow with every attempt, until it were as long as the one that was cut. */
async function refuseCutLog(audit: AuditLog, crypto: CryptoClient): Promise<void> {
  const [size, { signedSize }] = [await audit.size(), crypto.hello];
  if (size >= signedSize) return;
  const what = `the log has ${size} entries, while the module signed one of ${signedSize}`;
  throw new StoreError('Refused', `the audit log was cut or exchanged: ${what}`);
}

interface Opening {
  readonly store: Store;
  readonly crypto: CryptoClient;
  readonly audit: AuditLog;
  readonly config: InstanceConfig;
  readonly newestHeadInLog: number;
}

async function openVerifiedRecords(
  { store, crypto, audit, config, newestHeadInLog }: Opening,
  apply: Parameters<typeof openRecords>[0]['apply'],
): Promise<Records> {
  try {
    const headSeenByModule = crypto.hello.headSequence;
    return await openRecords({ store, sealer: moduleSealer(crypto), apply, newestHeadInLog, headSeenByModule });
  } catch (error) {
    return refuseStore(audit, config, error);
  }
}

async function refuseStore(audit: AuditLog, config: InstanceConfig, error: unknown): Promise<never> {
  if (error instanceof StoreError) await recordRefusedStore(audit, config, error);
  throw error;
}

async function makeInitialAssignments(
  { records, roles, audit }: { records: Records; roles: InstanceState['roles']; audit: AuditLog },
  config: InstanceConfig,
): Promise<void> {
  const before = records.head.sequence;
  const plan = { administrators: config.initialAdministrators, newGuid: randomUUID };
  const head = await records.update(() => planInitialAssignments(plan, { roles }));
  if (head.sequence > before) await completeLog(audit, config, head, 'InitialAdministratorsAssigned');
}

interface GatewayParts {
  readonly stack: AsyncDisposableStack;
  readonly crypto: CryptoClient;
  readonly audit: AuditLog;
  readonly records: Records;
  readonly state: InstanceState;
  readonly activation: Activation;
  readonly purgeCompanions: readonly PurgeCompanion[];
  readonly eventTargets: EventTargets;
}

async function openGateway(options: ServiceOptions, parts: GatewayParts): Promise<Listener> {
  const { config, places } = options;
  const { crypto, records, activation, purgeCompanions, eventTargets } = parts;
  const { keys, roles, clock, settings, authorities, promises, policies, told, retention, limits } = parts.state;
  const { now } = clock;
  const hosts = config.hostNames.map(({ authority }) => authority);
  const initialAdministrators = config.initialAdministrators.map((id) => id.toLowerCase());
  const targets = { authorities, authorityKeys: parts.stack.use(openAuthorityKeys(now)), now };
  const router = buildRouter([
    ...keyRows({ keys, crypto, records, now, randomHex, retention, limits, purgeCompanions }),
    ...importRows({ keys, crypto, records, now, randomHex, retention, limits, hosts }),
    ...keyBackupRows({ keys, crypto, records, now, randomHex, retention, limits }),
    ...keyOperationRows({ keys, crypto, now }),
    ...rotationRows({ keys, crypto, records, now, randomHex, retention, limits, policies }),
    ...rngRows({ crypto }),
    ...releaseRows({ keys, crypto, records, retention, ...targets }),
    ...secureWrapRows({ keys, crypto, ...targets }),
    ...attestationRows({ keys, crypto, retention }),
    ...roleRows({ roles, records }),
    ...securityDomainRows({ crypto, records, activation, initialAdministrators }),
    ...settingRows({
      settings,
      records,
      companion: (name, value) =>
        name === 'StrongroomEventWebhook' ? planAddress(value, { targets: eventTargets, told, now }) : [],
    }),
    ...(config.profile === 'dev' && promises.current.profile === 'dev' ? clockRows({ clock, records }) : []),
  ]);
  const take = buildPipeline({
    router,
    hosts: instanceHosts(config),
    isServed: (kind) => kind === 'hsm' || settings.isOn('StrongroomVaultAlias'),
    verifiers: openVerifiers(config, parts.stack),
    roles,
    isActive: () => activation.isActive(),
    records,
    audit: parts.audit,
    instance: { name: config.name, resourceId: config.resourceId.toUpperCase(), clockOffset: () => clock.offset },
    answerHeaders: { region: config.region, buildVersion: VERSION },
    report: (call, error) => reportFailure(`request ${call.id}`, error),
  });
  return listen(
    {
      key: readFileSync(places.tlsKey, 'utf8'),
      certificate: readFileSync(places.tlsCertificate, 'utf8'),
      host: '127.0.0.1',
      port: options.port,
      shared: options.shared,
    },
    take,
  );
}

function randomHex(bytes: number): string {
  return randomBytes(bytes).toString('hex');
}
