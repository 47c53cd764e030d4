// All that one service worker knows of its instance: what each feature keeps in memory, fed by the sealed records.

import type { InstanceConfig } from '../deployment/instance.ts';
import { missingPersonMark } from '../deployment/trusted-issuers.ts';
import { Approvals } from '../features/approvals/approvals.ts';
import { BackupJobs } from '../features/backup/jobs/backup-jobs.ts';
import { TextRecords } from '../features/backup/text-records.ts';
import { UntouchedRecovery } from '../features/backup/untouched-recovery.ts';
import { RecordedCeremonies } from '../features/ceremony/recorded.ts';
import { type InstanceClock, openClock } from '../features/clock/instance-clock.ts';
import { CustodianRegister } from '../features/custodians/register.ts';
import { EventQueue } from '../features/events/event-queue.ts';
import { ToldEvents } from '../features/events/told.ts';
import { type Retention, retentionOf } from '../features/keys/bundle.ts';
import { KeyRing } from '../features/keys/key-ring.ts';
import type { KeyLimits } from '../features/keys/limits.ts';
import { ToldOverdue } from '../features/rehearsal/overdue.ts';
import type { RehearsalSchedule } from '../features/rehearsal/posture.ts';
import { Rehearsals } from '../features/rehearsal/rehearsals.ts';
import { TrustedAuthorities } from '../features/release/authorities/trusted.ts';
import { openRoles, type Roles } from '../features/roles/evaluate.ts';
import { RotationPolicies } from '../features/rotation/policies.ts';
import { RotationSchedule } from '../features/rotation/schedule.ts';
import { Promises, separationOf } from '../features/settings/promises.ts';
import { Settings } from '../features/settings/settings.ts';
import { changesOf } from '../http/entry-detail.ts';
import type { AuditLog } from '../links/recorder/audit-log.ts';
import { feeding, travelling } from '../store/sealed/follow-records.ts';
import type { Apply, Records } from '../store/sealed/records.ts';
import { recordKinds } from './record-kinds.ts';
import { completeLog } from './service-entries.ts';

export interface InstanceState {
  readonly keys: KeyRing;
  readonly roles: Roles;
  readonly approvals: Approvals;
  readonly clock: InstanceClock;
  readonly promises: Promises;
  readonly recovery: UntouchedRecovery;
  readonly settings: Settings;
  readonly policies: RotationPolicies;
  readonly rotations: RotationSchedule;
  readonly told: ToldEvents;
  readonly events: EventQueue;
  readonly authorities: TrustedAuthorities;
  readonly custodians: CustodianRegister;
  readonly rehearsals: Rehearsals;
  readonly rehearsalSchedule: RehearsalSchedule;
  readonly toldOverdue: ToldOverdue;
  readonly ceremonies: RecordedCeremonies;
  readonly backupJobs: BackupJobs;
  /** What a backup holds beside keys. */
  readonly texts: TextRecords;
  /** Both are as the records are now, whenever they are read. */
  readonly retention: Retention;
  readonly limits: KeyLimits;
  readonly apply: Apply;
}

/** @param systemNow Unix seconds @param jumped the clock has moved */
export function emptyInstanceState(
  { profile }: InstanceConfig,
  systemNow: () => number,
  jumped: () => void,
): InstanceState {
  const keys = new KeyRing();
  const promises = new Promises();
  const roles = openRoles({ now: () => clock.now(), separation: promises });
  const approvals = new Approvals();
  const recovery = new UntouchedRecovery(travelling(recordKinds));
  const settings = new Settings(() => promises.current.profile);
  const policies = new RotationPolicies();
  const rotations = new RotationSchedule(keys, policies);
  const told = new ToldEvents();
  const events = new EventQueue({ keys, policies, told });
  const authorities = new TrustedAuthorities();
  const custodians = new CustodianRegister();
  const rehearsals = new Rehearsals();
  const toldOverdue = new ToldOverdue();
  const ceremonies = new RecordedCeremonies();
  const backupJobs = new BackupJobs();
  const texts = new TextRecords(recordKinds);
  const clock = openClock({
    systemNow,
    // Whoever edits the file of a production instance gains no time machine.
    travels: () => profile === 'dev' && promises.current.profile === 'dev',
    jumped,
  });
  return {
    keys,
    roles,
    approvals,
    clock,
    promises,
    recovery,
    settings,
    policies,
    rotations,
    told,
    events,
    authorities,
    ceremonies,
    custodians,
    rehearsals,
    rehearsalSchedule: {
      rehearsals,
      days: (depth) =>
        settings.number(depth === 'full' ? 'StrongroomRehearsalFullDays' : 'StrongroomRehearsalReachabilityDays'),
      sharedAt: () => custodians.split?.at,
    },
    toldOverdue,
    backupJobs,
    texts,
    retention: liveRetention(promises),
    limits: liveLimits(settings),
    apply: feeding(
      [
        keys,
        roles,
        approvals,
        clock,
        promises,
        recovery,
        settings,
        policies,
        told,
        // These read what the others are after the change.
        rotations,
        events,
        authorities,
        custodians,
        rehearsals,
        toldOverdue,
        ceremonies,
        backupJobs,
        texts,
      ].flatMap(({ follows }) => follows),
      recordKinds,
    ),
  };
}

function liveRetention(promises: Promises): Retention {
  const now = (): Retention => retentionOf(promises.current.retentionDays, promises.current.purgeProtection);
  return {
    get recoverableDays() {
      return now().recoverableDays;
    },
    get recoveryLevel() {
      return now().recoveryLevel;
    },
    get purgeProtection() {
      return now().purgeProtection;
    },
  };
}

function liveLimits(settings: Settings): KeyLimits {
  return {
    get keys() {
      return settings.number('StrongroomMaxKeys');
    },
    get versionsPerKey() {
      return settings.number('StrongroomMaxVersionsPerKey');
    },
    get tagsPerKey() {
      return settings.number('StrongroomMaxTagsPerKey');
    },
  };
}

/** At the first start what the configuration says; later only what makes it stricter. */
export async function makePromises(
  { promises, records, audit }: { readonly promises: Promises; readonly records: Records; readonly audit: AuditLog },
  config: InstanceConfig,
): Promise<void> {
  const before = records.head.sequence;
  const promised = promises.areMade ? { ...promises.current } : {};
  const { profile, purgeProtection, softDeleteRetentionInDays: retentionDays } = config;
  refuseLoneAdministrator(promises, config);
  refuseUnknownPeople(promises, config);
  const head = await records.update(() =>
    promises.plan({ profile, purgeProtection, retentionDays, separation: config.separation }),
  );
  if (head.sequence === before) return;
  const detail = { changes: changesOf(promised, { ...promises.current }) };
  await completeLog(audit, config, head, 'PromisesMade', { detail });
}

/** Where duties are separated, one administrator can change nothing about roles: there would never be a second. */
function refuseLoneAdministrator(promises: Promises, config: InstanceConfig): void {
  if (promises.areMade || config.profile !== 'production' || separationOf(config) !== 'strict') return;
  if (new Set(config.initialAdministrators.map((id) => id.toLowerCase())).size >= 2) return;
  throw new Error(
    `instance '${config.name}' separates duties and has one initial administrator, whom nobody could give a second: ` +
      "name at least two people in 'initialAdministrators', or set 'separation' to 'azure' if that is what you want",
  );
}

/** Every instance that is strict, or would be from now on. */
function refuseUnknownPeople(promises: Promises, config: InstanceConfig): void {
  const isStrict = promises.areMade && promises.isStrict;
  const missing = missingPersonMark(config.issuers);
  if (missing === undefined || !(isStrict || separationOf(config) === 'strict')) return;
  throw new Error(`instance '${config.name}': ${missing}`);
}
