// Wires one service worker: module, record, store, features, gateway. Order matters: nothing listens before the store
// has been verified against what the log and the module have seen.

import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { openCryptoClient } from '../crypto/client/open-crypto-client.ts';
import { provisionModule } from '../crypto/client/provision-module.ts';
import type { InstancePlaces } from '../deployment/data-layout.ts';
import type { InstanceConfig } from '../deployment/instance.ts';
import type { OpenStorage } from '../features/backup/storage/port.ts';
import { openDueWork } from '../features/clock/due-work.ts';
import { EventTargets } from '../features/events/targets.ts';
import { toldRemoval } from '../features/events/told.ts';
import type { PurgeCompanion } from '../features/keys/purge.ts';
import { ADMINISTRATOR } from '../features/roles/built-in-roles.ts';
import { roleDetail } from '../features/roles/entry-details.ts';
import { planInitialAssignments } from '../features/roles/initial-assignments.ts';
import { planRemovalAtKey } from '../features/roles/remove-at-key.ts';
import { ROOT_SCOPE } from '../features/roles/scope.ts';
import { policyChange } from '../features/rotation/policy.ts';
import { openActivation } from '../features/security-domain/activation.ts';
import type { OwnRecoverability } from '../formats/own-recoverability.ts';
import { reportFailure } from '../http/report-failure.ts';
import type { InstanceUpdate } from '../links/instance-update.ts';
import type { AuditLog } from '../links/recorder/audit-log.ts';
import { openAuditLog } from '../links/recorder/open-audit-log.ts';
import type { Commit, Records } from '../store/sealed/records.ts';
import { openSqliteStore } from '../store/sqlite/sqlite-store.ts';
import { openBackupService } from './backup-service.ts';
import { expiryJob, purgeJob, rotateIfDueJob } from './due-jobs.ts';
import { openEventSending } from './event-sending.ts';
import { recordFinishedCeremony } from './finished-ceremony.ts';
import { openGateway } from './instance-gateway.ts';
import { emptyInstanceState, type InstanceState, makePromises } from './instance-state.ts';
import type { LiveNames } from './live-names.ts';
import { LiveNetwork } from './live-network.ts';
import { type LockOptions, waitUntilOpen } from './locked-start.ts';
import { judgeWitnesses } from './missing-witness.ts';
import { recoverabilityTeller } from './own-recoverability.ts';
import { randomHex } from './random-hex.ts';
import { recordNetworkChange, recordNetworkInForce } from './record-network-change.ts';
import { completeLog, recordUnlocked, unrecordedText } from './service-entries.ts';
import { askPeers } from './unlock-desk.ts';
import {
  isEmpty,
  openVerifiedRecords,
  recordModuleState,
  refuseCutLog,
  refuseStore,
  settleModule,
} from './verified-start.ts';

export interface ServiceOptions {
  readonly config: InstanceConfig;
  /** Those of the configuration, and what becomes of them. */
  readonly names: LiveNames;
  readonly places: Pick<
    InstancePlaces,
    'module' | 'store' | 'audit' | 'tlsKey' | 'tlsCertificate' | 'backupPlaces' | 'unwitnessed'
  >;
  readonly recorderSocket: string;
  /** 0: any free port. */
  readonly port: number;
  /** Listens on this Unix socket instead. */
  readonly socketPath?: string;
  readonly partitions: number;
  /** By which the front is known that tells who a client is; absent: nobody may. */
  readonly frontToken?: () => Uint8Array | undefined;
  /** Several workers listen on one port. */
  readonly shared: boolean;
  /** One worker of an instance records heads that no entry names; others may see one that is about to be recorded. */
  readonly completesLog: boolean;
  /** Unix seconds; default: the system's. Tokens are checked against the system's, always. */
  readonly systemNow?: () => number;
  /** Opens the places of full backups; default: as the configuration allows. */
  readonly openStorage?: OpenStorage;
  /** What a sealed module needs to be unlocked; absent: only the file seal opens. */
  readonly lock?: LockOptions;
  readonly onPartitions: (pids: readonly number[]) => void;
  readonly onActivation: (status: 'NotActivated' | 'Active', message: string) => void;
  /** Of the worker that completes the log, while it is active. */
  readonly onRecoverability?: (own: OwnRecoverability) => void;
}

export interface InstanceService extends AsyncDisposable {
  readonly port: number;
  readonly modulePids: readonly number[];
  /** Resolves when this worker goes by it. */
  update(update: InstanceUpdate): Promise<void>;
}

/** @throws StoreError Refused when the store is not the one that was left behind; recorded before it is thrown */
export async function startInstanceService(given: ServiceOptions): Promise<InstanceService> {
  const { config, places, lock } = given;
  await using stack = new AsyncDisposableStack();
  const crypto = stack.use(
    await openCryptoClient({
      moduleFolder: places.module,
      partitions: given.partitions,
      passphraseFile: config.passphraseFile,
      ...(lock === undefined ? {} : { peers: (certificate) => askPeers(lock.socketFolder, certificate) }),
      onLocked: () => lock?.onRelocked(new Error('all partitions were lost at once, and with them the seal key')),
      onPartitions: given.onPartitions,
    }),
  );
  const { opening, port } = await waitUntilOpen(crypto, given, stack);
  const options: ServiceOptions = { ...given, port };
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
  const goOn = await judgeWitnesses({ crypto, audit, store, newestHeadInLog, path: places.unwitnessed }, config);
  if (opening !== undefined && options.completesLog) await recordUnlocked(audit, config, opening);

  let wake = (): void => undefined;
  let wakeEvents = (): void => undefined;
  const state = emptyInstanceState(config, options.systemNow ?? (() => Date.now() / 1000), () => wake());
  const activation = openActivation(
    crypto,
    () => options.onActivation('Active', 'Your HSM has been activated and can be used for cryptographic operations.'),
    (error) => reportFailure('reload of the module after activation', error),
  );
  if (!activation.isActive()) {
    options.onActivation(
      'NotActivated',
      'Your HSM has been provisioned, but cannot be used for cryptographic operations until it is activated. To activate the HSM, download the security domain.',
    );
  }
  let tellRecoverability = (): void => undefined;
  const records = stack.use(
    await openVerifiedRecords(
      { store, crypto, audit, config, newestHeadInLog },
      {
        apply(change) {
          state.apply(change);
          activation.apply(change);
          if (bearsOnRecovery(change.name)) setImmediate(() => tellRecoverability());
          wakeEvents();
        },
        goesWith: (changes) => state.recovery.goesWith(changes),
      },
    ),
  );
  await goOn?.();
  await settleModule(crypto, activation).catch((error: unknown) => refuseStore(audit, config, error));
  if (options.completesLog && records.head.sequence > newestHeadInLog) {
    const more = unrecordedText(newestHeadInLog, records.head.sequence, config.name);
    await completeLog(audit, config, records.head, 'StoreHeadCompleted', { more });
  }
  await makePromises({ promises: state.promises, records, audit }, config);
  await makeInitialAssignments({ records, roles: state.roles, audit }, config);
  if (options.completesLog) {
    await recordFinishedCeremony({ crypto, records, activation, audit, state }, config);
    await recordModuleState({ crypto, records, audit }, config);
  }

  const backup = stack.use(
    await openBackupService({ crypto, audit, records, state }, config, places, options.openStorage),
  );
  const purgeCompanions: readonly PurgeCompanion[] = [
    (name) => planRemovalAtKey(name, state.roles),
    (name) => [policyChange(name, undefined), toldRemoval(name)],
  ];
  const { keys, clock, policies, rotations: schedule, limits } = state;
  const clockOffset = (): number => clock.offset;
  const stopping = new AbortController();
  const commit: Commit = (plan) => records.update(plan);
  const due = { keys, commit, now: clock.now, audit, clockOffset };
  const eventTargets = new EventTargets(config.eventTargets ?? [], {
    profile: config.profile,
    readFile: (path) => readFileSync(path, 'utf8'),
  });
  const dueWork = stack.use(
    openDueWork({
      // What is restored to be looked at stays as it was backed up, however long ago that is.
      jobs: config.throwAway
        ? []
        : [
            purgeJob({ ...due, purgeCompanions }, config),
            expiryJob({ ...due, roles: state.roles }, config),
            rotateIfDueJob(
              { ...due, crypto, policies, schedule, limits, randomHex, stopping: stopping.signal },
              config,
            ),
          ],
      now: clock.now,
      refresh: async () => {
        await records.refresh();
        tellRecoverability();
      },
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
  if (options.completesLog && options.onRecoverability !== undefined) {
    const tell = recoverabilityTeller(state, options.onRecoverability);
    tellRecoverability = () => {
      if (activation.isActive()) tell();
    };
  }
  stack.defer(() => stopping.abort());
  wake = () => {
    dueWork.wake();
    wakeEvents();
  };
  const network = new LiveNetwork(config.network);
  if (options.completesLog) await recordNetworkInForce(audit, config, network.current, clockOffset());
  const parts = { stack, crypto, audit, records, state, activation, purgeCompanions, backup, eventTargets, network };
  const listener = stack.use(await openGateway(options, parts));
  wake();
  const owned = stack.move();
  return {
    port: listener.port,
    get modulePids() {
      return crypto.pids;
    },
    async update(update) {
      if (update.purgeProtection === true) {
        const { promises } = state;
        await makePromises({ promises, records, audit }, { ...config, purgeProtection: true });
      }
      const rulesBefore = network.current;
      if (update.network !== undefined) network.set(update.network);
      if (options.completesLog) await recordNetworkChange(audit, config, rulesBefore, update, clockOffset());
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** Who has the shares, what was rehearsed, and how often it is to be. */
function bearsOnRecovery(record: string): boolean {
  return ['custodian', 'rehearsals/', 'setting/', 'security-domain'].some((kind) => record.startsWith(kind));
}

async function makeInitialAssignments(
  { records, roles, audit }: { records: Records; roles: InstanceState['roles']; audit: AuditLog },
  config: InstanceConfig,
): Promise<void> {
  const before = records.head.sequence;
  const plan = { administrators: config.initialAdministrators, newGuid: randomUUID };
  const head = await records.update(() => planInitialAssignments(plan, { roles }));
  if (head.sequence === before) return;
  const detail = {
    ...roleDetail(ADMINISTRATOR, roles.definition(ADMINISTRATOR)),
    principalIds: config.initialAdministrators,
    scope: ROOT_SCOPE.path,
  };
  await completeLog(audit, config, head, 'InitialAdministratorsAssigned', { detail });
}
