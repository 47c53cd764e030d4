// Wires one service worker: module, record, store, features, gateway. Order matters: nothing listens before the store
// has been verified against what the log and the module have seen.

import { randomBytes } from 'node:crypto';
import { provisionModule } from '../crypto/client/provision-module.ts';
import { missingPersonMark } from '../deployment/trusted-issuers.ts';
import { openDueWork } from '../features/clock/due-work.ts';
import { systemSeconds } from '../features/clock/instance-clock.ts';
import { reportFailure } from '../http/report-failure.ts';
import { buildRouter, type Router } from '../http/router.ts';
import type { InstanceUpdate } from '../links/instance-update.ts';
import { openAuditLog } from '../links/recorder/open-audit-log.ts';
import type { WatchAct } from '../links/watch-act.ts';
import type { EventReceiver } from '../links/worker-asked.ts';
import type { WorkerMetrics } from '../links/worker-metrics.ts';
import type { TakenTraces } from '../links/worker-traces.ts';
import type { Records } from '../store/sealed/records.ts';
import { openSqliteStore } from '../store/sqlite/sqlite-store.ts';
import { locateIn, storageOf } from './backup-storage.ts';
import { recordFinishedCeremony } from './finished-ceremony.ts';
import { makeInitialAssignments, makeInstancePolicy } from './first-start.ts';
import { openGateway } from './instance-gateway.ts';
import { LiveNetwork } from './live-configuration.ts';
import { keptByFileSeal, waitUntilOpen } from './locked-start.ts';
import { judgeWitnesses } from './missing-witness.ts';
import { openModule } from './open-module.ts';
import { openOwnMetrics } from './own-metrics.ts';
import { recoverabilityTeller } from './own-recoverability.ts';
import { openParts, parts } from './parts.ts';
import { recordNetworkChange, recordNetworkInForce } from './record-network-change.ts';
import { ENTRY_MS, recordOwnAct, recordUnlocked, refuseStore, settleHead, unrecordedText } from './service-entries.ts';
import type { ServiceOptions } from './service-options.ts';
import { isEmpty, openVerifiedRecords, recordModuleState, refuseCutLog, settleModule } from './verified-start.ts';
import { openWorkerIds } from './worker-ids.ts';

export interface InstanceService extends AsyncDisposable {
  readonly port: number;
  readonly modulePids: readonly number[];
  /** Resolves when this worker goes by it. */
  update(update: InstanceUpdate): Promise<void>;
  /** Resolves when it is on record. */
  record(act: WatchAct): Promise<void>;
  /** Its figures as they are now. */
  metrics(): Promise<WorkerMetrics>;
  /** Requests that were traced; from now on so much of all is. */
  traces(ratio: number): TakenTraces;
  /** Who is told of events, as far as everything that is on record says. */
  eventReceiver(): Promise<EventReceiver>;
  /** Others serve now. Resolves when no client is connected any more, or those that are have said nothing for as long as they may. */
  retire(): Promise<void>;
}

/** @throws StoreError Refused when the store is not the one that was left behind; recorded before it is thrown */
export async function startInstanceService(
  given: ServiceOptions,
  module = openModule(given),
): Promise<InstanceService> {
  const { config, places } = given;
  await using stack = new AsyncDisposableStack();
  const crypto = stack.use(await module);
  const { opening, port } = await waitUntilOpen(crypto, given, stack);
  const options: ServiceOptions = { ...given, port };
  const audit = stack.use(
    await openAuditLog({
      socketPath: options.recorderSocket,
      connectTimeout: RECORDER_WITHIN_MS,
      ...(options.onRecording === undefined ? {} : { turned: options.onRecording }),
      signCheckpoint: async (size, root) => (await crypto.send('signCheckpoint', { size, root })).note,
    }),
  );
  const log = { audit, config };
  const newestInLog = await audit.newestHead();
  const newestHeadInLog = newestInLog.sequence;
  const store = stack.use(
    await openSqliteStore({ folder: places.store }).catch((error: unknown) => refuseStore(log, error)),
  );
  await provisionModule(crypto, config, async () => newestHeadInLog === 0 && (await isEmpty(store)));
  if (newestHeadInLog === 0) crypto.foreseeCeremony(); // that of the first download
  await refuseCutLog(audit, crypto);
  const goOn = await judgeWitnesses({ ...log, crypto, store, newestHeadInLog, path: places.unwitnessed });
  if (opening !== undefined && options.completesLog) await recordUnlocked(log, opening);

  let wake = (): void => undefined;
  let wakeTelling = (): void => undefined;
  let endTelling = (): Promise<void> | undefined => undefined;
  let tellRecoverability = (): void => undefined;
  /** What the parts reach once it is there. */
  const later: { records?: Records; router?: Router } = {};
  const records = {
    get head() {
      return requireOpen(later.records).head;
    },
    refresh: () => requireOpen(later.records).refresh(),
    update: (plan, entries) => requireOpen(later.records).update(plan, entries),
  } satisfies Omit<Records, keyof AsyncDisposable>;
  const stopping = new AbortController();
  const { state, feeding } = openParts({
    config,
    places,
    crypto,
    records,
    commit: records.update,
    stack,
    stopping: stopping.signal,
    workers: stack.use(openWorkerIds()),
    openStorage: options.openStorage ?? storageOf(config, places),
    locate: locateIn(config, places),
    record: (act) => recordOwnAct(log, { ...act, clockOffset: state.clock.offset }),
    indexWanted: () => options.onIndexWanted?.(),
    report: reportFailure,
    randomHex: (bytes) => randomBytes(bytes).toString('hex'),
    systemNow: options.systemNow ?? systemSeconds,
    jumped: () => wake(),
    onActive: () =>
      options.onActivation('Active', 'Your HSM has been activated and can be used for cryptographic operations.'),
    hosts: () => options.names.authorities,
    network: new LiveNetwork(config.network),
    actionOf: (operation) => later.router?.actionOf(operation),
    keptFromActivation: () => Promise.resolve(keptByFileSeal(crypto, config)),
    peopleUnknown: missingPersonMark(config.issuers),
  });
  const { activation, clock, network, relatedWrites } = state;
  if (!activation.isActive()) {
    options.onActivation(
      'NotActivated',
      'Your HSM has been provisioned, but cannot be used for cryptographic operations until it is activated. To activate the HSM, download the security domain.',
    );
  }
  const opened = stack.use(
    await openVerifiedRecords(
      log,
      crypto,
      {
        store,
        attempt: feeding.attempt,
        apply(change) {
          feeding.apply(change);
          if (bearsOnRecovery(change.name)) setImmediate(() => tellRecoverability());
          wakeTelling();
        },
        goesWith: relatedWrites.commit,
      },
      newestInLog,
    ),
  );
  later.records = opened;
  await goOn?.();
  await settleModule(crypto, activation).catch((error: unknown) => refuseStore(log, error));
  if (options.completesLog) {
    const more = unrecordedText(newestHeadInLog, opened.named.sequence, config.name);
    await settleHead(log, opened.named, options.beside ? ENTRY_MS : 0, more);
  }
  const recording = { ...log, records };
  await makeInstancePolicy(recording, state.instancePolicy);
  await makeInitialAssignments(recording, state.roles);
  if (options.completesLog) {
    await recordFinishedCeremony(recording, crypto, state);
    await recordModuleState(recording, crypto);
  }

  const served = parts.serve(state);
  for (const { start } of served) await start?.(stack);
  const working = { now: state.now, report: reportFailure };
  const dueWork = stack.use(
    openDueWork({
      ...working,
      // What is restored to be looked at stays as it was backed up, however long ago that is.
      jobs: config.throwAway ? [] : served.flatMap(({ jobs = [] }) => jobs),
      refresh: async () => {
        await records.refresh();
        tellRecoverability();
      },
    }),
  );
  if (options.completesLog) {
    const tells = served.flatMap(({ tells: own = [] }) => own);
    const telling = stack.use(openDueWork({ ...working, jobs: tells, refresh: records.refresh }));
    endTelling = () => telling[Symbol.asyncDispose]();
    wakeTelling = () => {
      if (state.told.since !== undefined) telling.wake();
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
    wakeTelling();
  };
  if (options.completesLog) await recordNetworkInForce(log, network.current, clock.offset);
  const router = buildRouter(served.flatMap(({ rows = [] }) => rows));
  later.router = router;
  const gateway = await openGateway(options, { router, audit, records: opened, state });
  const listener = stack.use(gateway.listeners);
  const metrics = openOwnMetrics({ gateway, crypto, audit, partitions: options.partitions, served });
  wake();
  const owned = stack.move();
  return {
    port: listener.port,
    get modulePids() {
      return crypto.pids;
    },
    metrics,
    traces: gateway.traces,
    async update(update) {
      if (update.purgeProtection === true) {
        await makeInstancePolicy(recording, state.instancePolicy, { ...config, purgeProtection: true });
      }
      const rulesBefore = network.current;
      if (update.network !== undefined) network.set(update.network);
      if (options.completesLog) await recordNetworkChange(log, rulesBefore, update, clock.offset);
    },
    record: ({ what, description, detail, failure }) =>
      state.record({
        operationName: what,
        description,
        detail,
        ...(failure === undefined ? {} : { failure }),
      }),
    async eventReceiver() {
      await records.refresh();
      return state.telling.receiver();
    },
    async retire() {
      // The next one does it from now on. A job of a client goes on to its end.
      await Promise.all([endTelling(), listener.leave(), state.backupEngine.idle()]);
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** As long as the supervisor waits for one. */
const RECORDER_WITHIN_MS = 30_000;

/** Who has the shares, what was rehearsed, and how often it is to be. */
function bearsOnRecovery(record: string): boolean {
  return ['custodian', 'rehearsals/', 'setting/', 'security-domain'].some((kind) => record.startsWith(kind));
}

function requireOpen(records: Records | undefined): Records {
  if (records === undefined) throw new Error('records are used after they were opened');
  return records;
}
