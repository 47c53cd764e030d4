// All kinds of sealed records that an instance has.
import { approvalKind } from '../features/approvals/approval.ts';
import { jobKind } from '../features/backup/jobs/job.ts';
import { recoveryKind } from '../features/backup/untouched-recovery.ts';
import { ceremonyKind } from '../features/ceremony/recorded.ts';
import { clockKind } from '../features/clock/instance-clock.ts';
import { challengeKind } from '../features/custodians/challenges.ts';
import { holderKind } from '../features/custodians/holder.ts';
import { splitKind } from '../features/custodians/split.ts';
import { sinceKind, toldKind } from '../features/events/told.ts';
import { deletedKeyKind } from '../features/keys/deleted-key.ts';
import { keyKind } from '../features/keys/key-version.ts';
import { toldOverdueKind } from '../features/rehearsal/overdue.ts';
import { rehearsalKind } from '../features/rehearsal/rehearsals.ts';
import { authorityKind } from '../features/release/authorities/trusted.ts';
import { assignmentKind, definitionKind } from '../features/roles/role-records.ts';
import { policyKind } from '../features/rotation/policy.ts';
import { securityDomainKind } from '../features/security-domain/activation.ts';
import { begunKind } from '../features/security-domain/begun.ts';
import { promisesKind } from '../features/settings/promises.ts';
import { settingKind } from '../features/settings/settings.ts';
import type { RecordKind } from '../store/sealed/record-kind.ts';
import { moduleStateKind } from './module-state.ts';

export const recordKinds: readonly RecordKind[] = [
  keyKind,
  deletedKeyKind,
  policyKind,
  definitionKind,
  assignmentKind,
  authorityKind,
  settingKind,
  toldKind,
  sinceKind,
  approvalKind,
  promisesKind,
  moduleStateKind,
  recoveryKind,
  clockKind,
  securityDomainKind,
  begunKind,
  holderKind,
  splitKind,
  challengeKind,
  rehearsalKind,
  toldOverdueKind,
  ceremonyKind,
  jobKind,
];
