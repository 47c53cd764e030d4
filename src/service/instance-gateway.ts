// The rows of an instance, behind its pipeline and listener: what of the state in memory each feature's rows are given.
import { randomBytes } from 'node:crypto';
import type { CryptoClient } from '../crypto/client/crypto-client.ts';
import { missingPersonMark } from '../deployment/trusted-issuers.ts';
import { VERSION } from '../deployment/version.ts';
import { accessRows } from '../features/access/rows.ts';
import { approvalRows } from '../features/approvals/rows.ts';
import { planSecond } from '../features/approvals/second-person.ts';
import { trustDuties } from '../features/approvals/trust-duties.ts';
import { armKeyRows } from '../features/arm-keys/rows.ts';
import { attestationRows } from '../features/attestation/rows.ts';
import { type BackupService, backupRows } from '../features/backup/rows.ts';
import { importRows } from '../features/byok/rows.ts';
import { ceremonyRows } from '../features/ceremony/rows.ts';
import { clockRows } from '../features/clock/rows.ts';
import { planSplit } from '../features/custodians/follow-split.ts';
import { custodianRows } from '../features/custodians/rows.ts';
import { planAddress } from '../features/events/switch.ts';
import { type EventTargets } from '../features/events/targets.ts';
import { keyBackupRows } from '../features/key-backup/rows.ts';
import { keyOperationRows } from '../features/key-operations/rows.ts';
import type { PurgeCompanion } from '../features/keys/purge.ts';
import { keyRows } from '../features/keys/rows.ts';
import { compileRules } from '../features/network-rules/admission.ts';
import { rehearsalRows } from '../features/rehearsal/rows.ts';
import { openAuthorityKeys } from '../features/release/authorities/signing-keys.ts';
import { releaseRows } from '../features/release/rows.ts';
import { rngRows } from '../features/rng/rows.ts';
import { roleRows } from '../features/roles/rows.ts';
import { rotationRows } from '../features/rotation/rows.ts';
import { secureWrapRows } from '../features/secure-wrap/rows.ts';
import type { Activation } from '../features/security-domain/activation.ts';
import { securityDomainRows } from '../features/security-domain/rows.ts';
import { settingRows } from '../features/settings/rows.ts';
import { DEFAULT_LIMITS } from '../formats/request-limits.ts';
import { openThrottle } from '../http/limits/request-limits.ts';
import { ThrottledTally } from '../http/limits/throttled-tally.ts';
import type { Listener } from '../http/listener.ts';
import { reportFailure } from '../http/report-failure.ts';
import { buildRouter, type Router } from '../http/router.ts';
import type { AuditLog } from '../links/recorder/audit-log.ts';
import type { Records } from '../store/sealed/records.ts';
import { approvalServiceOf } from './approval-service.ts';
import { openListeners } from './instance-listeners.ts';
import type { ServiceOptions } from './instance-service.ts';
import type { InstanceState } from './instance-state.ts';
import type { LiveNetwork } from './live-network.ts';
import { keptByFileSeal } from './locked-start.ts';
import { buildPipeline } from './pipeline/pipeline.ts';
import { randomHex } from './random-hex.ts';
import { openVerifiers } from './token-verifiers.ts';

export interface GatewayParts {
  readonly stack: AsyncDisposableStack;
  readonly crypto: CryptoClient;
  readonly audit: AuditLog;
  readonly records: Records;
  readonly state: InstanceState;
  readonly activation: Activation;
  readonly purgeCompanions: readonly PurgeCompanion[];
  readonly backup: BackupService;
  readonly eventTargets: EventTargets;
  readonly network: LiveNetwork;
}

export async function openGateway(
  options: ServiceOptions,
  parts: GatewayParts,
): Promise<Pick<Listener, 'port'> & AsyncDisposable> {
  const { config, names } = options;
  const { crypto, records, activation, purgeCompanions, eventTargets } = parts;
  const { keys, roles, clock, settings, authorities, promises, policies, told, retention, limits } = parts.state;
  const { custodians, ceremonies, recovery } = parts.state;
  const { now } = clock;
  const initialAdministrators = config.initialAdministrators.map((id) => id.toLowerCase());
  const targets = { authorities, authorityKeys: parts.stack.use(openAuthorityKeys(now)), now };
  let judge = compileRules(parts.network.current);
  parts.network.onChange((rules) => {
    judge = compileRules(rules);
  });
  const approvalService = approvalServiceOf(parts.state, config);
  const router: Router = buildRouter([
    ...keyRows({ keys, crypto, now, randomHex, retention, limits, purgeCompanions }),
    ...armKeyRows({ keys, crypto, now, randomHex, retention, limits }),
    ...importRows({ keys, crypto, now, randomHex, retention, limits, hosts: () => names.authorities }),
    ...keyBackupRows({ keys, crypto, now, randomHex, retention, limits }),
    ...keyOperationRows({ keys, crypto, now }),
    ...rotationRows({ keys, crypto, now, randomHex, retention, limits, policies }),
    ...rngRows({ crypto }),
    ...releaseRows({ keys, crypto, retention, duties: trustDuties(approvalService), ...targets }),
    ...secureWrapRows({ keys, crypto, ...targets }),
    ...attestationRows({ keys, crypto, retention }),
    ...backupRows(parts.backup),
    ...roleRows({
      roles,
      now,
      duties: (caller) => ({
        isStrict: () => promises.isStrict,
        caller,
        second: (request, reason) => planSecond(request, reason, caller, approvalService),
      }),
    }),
    ...approvalRows({ ...approvalService, promises, peopleUnknown: missingPersonMark(config.issuers) }),
    ...securityDomainRows({
      crypto,
      settle: (plan) => records.update(plan),
      activation,
      initialAdministrators,
      now,
      keptFromActivation: () => keptByFileSeal(crypto, config),
      companion: (split) => [
        ...planSplit(custodians, split, new Date(now() * 1000).toISOString()),
        ...(split.by === 'recovery' ? recovery.plan(now()) : []),
      ],
    }),
    ...ceremonyRows({ crypto, ceremonies, register: custodians, now }),
    ...custodianRows({
      register: custodians,
      now,
      newChallenge: () => randomBytes(32).toString('base64url'),
      domainKey: () => crypto.hello.domainKey,
    }),
    ...rehearsalRows({
      rehearsals: parts.state.rehearsals,
      register: custodians,
      schedule: parts.state.rehearsalSchedule,
      crypto,
      instance: config.name,
      isThrownAway: config.throwAway === true,
      now,
    }),
    ...settingRows({
      settings,
      companion: (name, value) =>
        name === 'StrongroomEventWebhook' ? planAddress(value, { targets: eventTargets, told, now }) : [],
    }),
    ...accessRows({
      roles,
      log: options.places.audit,
      instance: config.name,
      network: () => parts.network.current,
      actionOf: (operation) => router.actionOf(operation),
      judge: (peer) => judge(peer),
      now: Date.now,
    }),
    ...(config.profile === 'dev' && promises.current.profile === 'dev' ? clockRows({ clock }) : []),
  ]);
  const elapsed = (): number => performance.now() / 1000;
  const take = buildPipeline({
    router,
    judge: (peer) => judge(peer),
    throttle: openThrottle(config.limits ?? DEFAULT_LIMITS, elapsed),
    throttled: new ThrottledTally(elapsed),
    hosts: () => names.hosts,
    isServed: (kind) =>
      kind === 'hsm' ||
      settings.isOn(kind === 'vault' ? 'StrongroomVaultAlias' : 'AllowKeyManagementOperationsThroughARM'),
    verifiers: openVerifiers(config, parts.stack),
    roles,
    isActive: () => activation.willBeActive(),
    isRestoring: () => parts.state.backupJobs.running !== undefined && parts.backup.engine.isRestoring,
    records,
    commit: (plan) => records.update(plan),
    audit: parts.audit,
    instance: { name: config.name, resourceId: config.resourceId.toUpperCase(), clockOffset: () => clock.offset },
    answerHeaders: { region: config.region, buildVersion: VERSION },
    report: (call, error) => reportFailure(`request ${call.id}`, error),
  });
  return openListeners(options, take);
}
