// What the first start of an instance makes: its promises, and the grants of its initial administrators. Later starts make the
// promises stricter and change no grant.
import { randomUUID } from 'node:crypto';
import type { InstanceConfig } from '../deployment/instance.ts';
import { missingPersonMark } from '../deployment/trusted-issuers.ts';
import { planInitialAssignments } from '../features/roles/administrators.ts';
import { ADMINISTRATOR } from '../features/roles/built-in-roles.ts';
import { roleDetail } from '../features/roles/entry-details.ts';
import type { Roles } from '../features/roles/evaluate.ts';
import { ROOT_SCOPE } from '../features/roles/scope.ts';
import { type InstancePolicy, separationOf } from '../features/settings/instance-policy.ts';
import { changesOf } from '../http/entry-detail.ts';
import { commitOnRecord } from './service-entries.ts';

type Log = Parameters<typeof commitOnRecord>[0];

/** At the first start what the configuration says; later only what makes it stricter. */
export async function makeInstancePolicy(log: Log, instancePolicy: InstancePolicy, config = log.config): Promise<void> {
  const promised = instancePolicy.areMade ? { ...instancePolicy.current } : {};
  const { profile, purgeProtection, softDeleteRetentionInDays: retentionDays, separation } = config;
  refuseLoneAdministrator(instancePolicy, config);
  refuseUnknownPeople(instancePolicy, config);
  await commitOnRecord(
    { ...log, config },
    'PromisesMade',
    () => instancePolicy.plan({ profile, purgeProtection, retentionDays, separation }),
    () => ({ detail: { changes: changesOf(promised, { ...instancePolicy.current }) } }),
  );
}

/** Where duties are separated, one administrator can change nothing about roles: there would never be a second. */
function refuseLoneAdministrator(instancePolicy: InstancePolicy, config: InstanceConfig): void {
  if (instancePolicy.areMade || config.profile !== 'production' || separationOf(config) !== 'strict') return;
  if (new Set(config.initialAdministrators.map((id) => id.toLowerCase())).size >= 2) return;
  throw new Error(
    `instance '${config.name}' separates duties and has one initial administrator, whom nobody could give a second: ` +
      "name at least two people in 'initialAdministrators', or set 'separation' to 'azure' if that is what you want",
  );
}

/** Every instance that is strict, or would be from now on. */
function refuseUnknownPeople(instancePolicy: InstancePolicy, config: InstanceConfig): void {
  const isStrict = instancePolicy.areMade && instancePolicy.isStrict;
  const missing = missingPersonMark(config.issuers);
  if (missing === undefined || !(isStrict || separationOf(config) === 'strict')) return;
  throw new Error(`instance '${config.name}': ${missing}`);
}

export function makeInitialAssignments(log: Log, roles: Roles): Promise<void> {
  const { initialAdministrators: principalIds } = log.config;
  const plan = { administrators: principalIds, newGuid: randomUUID };
  return commitOnRecord(
    log,
    'InitialAdministratorsAssigned',
    () => planInitialAssignments(plan, { roles }),
    () => ({
      detail: {
        ...roleDetail(ADMINISTRATOR, roles.definition(ADMINISTRATOR)),
        principalIds,
        scope: ROOT_SCOPE.path,
      },
    }),
  );
}
