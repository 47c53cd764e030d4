// The rows of an instance, behind its pipeline and listeners.
import { VERSION } from '../deployment/version.ts';
import { DEFAULT_LIMITS } from '../formats/request-limits.ts';
import { openThrottle } from '../http/limits/request-limits.ts';
import { ThrottledTally } from '../http/limits/throttled-tally.ts';
import type { Listener } from '../http/listener.ts';
import { reportFailure } from '../http/report-failure.ts';
import type { Router } from '../http/router.ts';
import type { AuditLog } from '../links/recorder/audit-log.ts';
import type { Records } from '../store/sealed/records.ts';
import { openListeners } from './instance-listeners.ts';
import type { InstanceState } from './parts.ts';
import { buildPipeline } from './pipeline/pipeline.ts';
import type { ServiceOptions } from './service-options.ts';
import { openVerifiers } from './token-verifiers.ts';

export interface GatewayParts {
  readonly router: Router;
  readonly audit: AuditLog;
  readonly records: Records;
  readonly state: InstanceState;
}

export function openGateway(
  options: ServiceOptions,
  { router, audit, records, state }: GatewayParts,
): Promise<Pick<Listener, 'port'> & AsyncDisposable> {
  const { config, names } = options;
  const { roles, clock, settings, activation, backupJobs, backupEngine, network, stack } = state;
  const elapsed = (): number => performance.now() / 1000;
  const take = buildPipeline({
    router,
    judge: (peer) => network.judge(peer),
    throttle: openThrottle(config.limits ?? DEFAULT_LIMITS, elapsed),
    throttled: new ThrottledTally(elapsed),
    hosts: () => names.hosts,
    isServed: (kind) =>
      kind === 'hsm' ||
      settings.isOn(kind === 'vault' ? 'StrongroomVaultAlias' : 'AllowKeyManagementOperationsThroughARM'),
    verifiers: openVerifiers(config, stack),
    roles,
    isActive: () => activation.willBeActive(),
    isRestoring: () => backupJobs.running !== undefined && backupEngine.isRestoring,
    records,
    commit: (plan) => records.update(plan),
    audit,
    instance: { name: config.name, resourceId: config.resourceId.toUpperCase(), clockOffset: () => clock.offset },
    answerHeaders: { region: config.region, buildVersion: VERSION },
    report: (call, error) => reportFailure(`request ${call.id}`, error),
  });
  return openListeners(options, take);
}
