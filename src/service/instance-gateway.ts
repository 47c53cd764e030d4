// The rows of an instance, behind its pipeline and listeners.
import type { InstanceConfig } from '../deployment/instance.ts';
import { keySets, trustedFor } from '../deployment/issuer-keys.ts';
import type { TrustedIssuer } from '../deployment/trusted-issuers.ts';
import { VERSION } from '../deployment/version.ts';
import { openTokenVerifier, type TokenVerifier } from '../features/auth/verify-token.ts';
import { DEFAULT_LIMITS } from '../formats/request-limits.ts';
import { serviceHeaders } from '../http/answer.ts';
import { openThrottle } from '../http/limits/request-limits.ts';
import { ThrottledTally } from '../http/limits/throttled-tally.ts';
import { reportFailure } from '../http/report-failure.ts';
import type { HostKind } from '../http/route.ts';
import type { Router } from '../http/router.ts';
import type { AuditLog } from '../links/recorder/audit-log.ts';
import type { TakenTraces } from '../links/worker-traces.ts';
import type { Records } from '../store/sealed/records.ts';
import { type InstanceListeners, openListeners } from './instance-listeners.ts';
import type { InstanceState } from './parts.ts';
import { buildPipeline, type Pipeline } from './pipeline/pipeline.ts';
import type { ServiceOptions } from './service-options.ts';
import { Tracing } from './tracing.ts';

export interface GatewayParts {
  readonly router: Router;
  readonly audit: AuditLog;
  readonly records: Records;
  readonly state: InstanceState;
}

const WITNESSED = { why: undefined };

export interface Gateway extends Pick<Pipeline, 'told'> {
  readonly listeners: InstanceListeners;
  /** What has been traced; from now on so much of all requests is, for a while. */
  readonly traces: (ratio: number) => TakenTraces;
  readonly droppedSpans: () => number;
  readonly keySets: () => TokenVerifier['keySets'];
}

export async function openGateway(
  options: ServiceOptions,
  { router, audit, records, state }: GatewayParts,
): Promise<Gateway> {
  const { config, names, witnessed = WITNESSED } = options;
  const { roles, clock, settings, activation, backupJobs, backupEngine, network, crypto, stack } = state;
  const elapsed = (): number => performance.now() / 1000;
  // Until somebody asks for traces no request passes through it.
  let tracing: Tracing | undefined;
  const verifiers = openVerifiers(config, stack);
  const { take, told } = buildPipeline({
    router,
    judge: (peer) => network.judge(peer),
    throttle: openThrottle(config.limits ?? DEFAULT_LIMITS, elapsed),
    throttled: new ThrottledTally(elapsed),
    hosts: () => names.hosts,
    isServed: (kind) =>
      kind === 'hsm' ||
      settings.isOn(kind === 'vault' ? 'StrongroomVaultAlias' : 'AllowKeyManagementOperationsThroughARM'),
    verifiers,
    roles,
    isActive: () => activation.willBeActive(),
    isHealthy: () => crypto.pids.length > 0 && audit.isRecording && witnessed.why === undefined,
    witnessed,
    isRestoring: () => backupJobs.running !== undefined && backupEngine.isRestoring,
    records,
    commit: (plan, entries) => records.update(plan, entries),
    audit,
    instance: { name: config.name, resourceId: config.resourceId.toUpperCase(), clockOffset: () => clock.offset },
    partitions: options.partitions,
    answerHeaders: serviceHeaders(config.region, VERSION),
    traced: (call) => tracing?.begin(call),
    report: (call, error) => reportFailure(`request ${call.id}`, error),
  });
  const listeners = await openListeners(options, take);
  return {
    listeners,
    told,
    traces(ratio) {
      tracing ??= new Tracing();
      return tracing.take(ratio);
    },
    droppedSpans: () => tracing?.droppedSpans ?? 0,
    keySets: () => verifiers.hsm.keySets,
  };
}

/**
 * A name of one kind takes tokens of that kind only: whoever was handed a token for some vault, or for the resource manager,
 * cannot turn it against the HSM's own names.
 */
function openVerifiers(config: InstanceConfig, stack: AsyncDisposableStack): Readonly<Record<HostKind, TokenVerifier>> {
  const open = (audiencesOf: (issuer: TrustedIssuer) => readonly string[]): TokenVerifier =>
    stack.use(
      openTokenVerifier({
        tenantId: config.tenantId,
        issuers: trustedFor(config.issuers, audiencesOf),
        fetchJwks: keySets(config),
      }),
    );
  return {
    hsm: open(({ audiences }) => audiences),
    vault: open(({ vaultAudiences = [] }) => vaultAudiences),
    arm: open(({ armAudiences = [] }) => armAudiences),
  };
}
