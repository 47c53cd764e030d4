// Every feature of an instance, in one list: who needs what another keeps comes after it. All that the service knows of a
// feature follows from its line here.
import type { CryptoClient } from '../crypto/client/crypto-client.ts';
import type { InstancePaths } from '../deployment/data-layout.ts';
import type { InstanceConfig } from '../deployment/instance.ts';
import { access } from '../features/access/rows.ts';
import { approvals } from '../features/approvals/part.ts';
import { armKeys } from '../features/arm-keys/rows.ts';
import { attestation } from '../features/attestation/rows.ts';
import { audit } from '../features/audit/rows.ts';
import type { WorkerIds } from '../features/backup/jobs/job-engine.ts';
import { backup } from '../features/backup/part.ts';
import type { BackupService } from '../features/backup/service.ts';
import { byok } from '../features/byok/rows.ts';
import { ceremony } from '../features/ceremony/rows.ts';
import { clock } from '../features/clock/part.ts';
import { custodians } from '../features/custodians/part.ts';
import { events } from '../features/events/part.ts';
import { keyBackup } from '../features/key-backup/rows.ts';
import { keyOperations } from '../features/key-operations/rows.ts';
import { keys } from '../features/keys/part.ts';
import { type AllRelatedWrites, type OwnAct, partsOf, type RelatedWritesOf } from '../features/part.ts';
import { rehearsal } from '../features/rehearsal/part.ts';
import { release } from '../features/release/part.ts';
import { rng } from '../features/rng/rows.ts';
import { roles } from '../features/roles/part.ts';
import { rotation } from '../features/rotation/part.ts';
import { secureWrap } from '../features/secure-wrap/rows.ts';
import { securityDomain } from '../features/security-domain/part.ts';
import { settings } from '../features/settings/part.ts';
import { usage } from '../features/usage/part.ts';
import { type Feeding, type Follow, openFeeding } from '../store/sealed/follow-records.ts';
import type { RecordKind } from '../store/sealed/record-kind.ts';
import type { Commit, Records } from '../store/sealed/records.ts';
import type { LiveNetwork } from './live-configuration.ts';
import { moduleState } from './module-state.ts';

/** What the service gives to its parts. */
export interface Outside extends Pick<BackupService, 'openStorage' | 'locate'> {
  readonly config: InstanceConfig;
  readonly places: Pick<InstancePaths, 'audit' | 'index'>;
  readonly crypto: CryptoClient;
  /** Not to be used before they are opened. */
  readonly records: Omit<Records, keyof AsyncDisposable>;
  /** By the instance itself, which asks nobody. */
  readonly commit: Commit;
  readonly kinds: readonly RecordKind[];
  readonly relatedWrites: AllRelatedWrites;
  /** Ended after all that is served. */
  readonly stack: AsyncDisposableStack;
  readonly stopping: AbortSignal;
  readonly workers: WorkerIds;
  /** Puts on record what the instance did by itself. */
  readonly record: (act: OwnAct) => Promise<void>;
  /** Somebody asks what the index of the log would tell: from now on it is brought up to the log. */
  readonly indexWanted: () => void;
  readonly report: (what: string, error: unknown) => void;
  readonly randomHex: (bytes: number) => string;
  /** Unix seconds of the system. */
  readonly systemNow: () => number;
  /** The clock of the instance has moved. */
  readonly jumped: () => void;
  readonly onActive: () => void;
  /** Authorities under which the instance is known. */
  readonly hosts: () => readonly string[];
  readonly network: LiveNetwork;
  /** The data action that an operation needs. */
  readonly actionOf: (operation: string) => string | undefined;
  readonly keptFromActivation: () => Promise<string | undefined>;
  /** Why nobody could tell who is a person here, if so. */
  readonly peopleUnknown: string | undefined;
}

export const parts = partsOf<Outside>()
  .with(settings)
  .with(clock)
  .with(keys)
  .with(roles)
  .with(backup)
  .with(approvals)
  .with(rotation)
  .with(events)
  .with(release)
  .with(custodians)
  .with(rehearsal)
  .with(ceremony)
  .with(securityDomain)
  .with(usage)
  .with(keyOperations)
  .with(keyBackup)
  .with(byok)
  .with(armKeys)
  .with(attestation)
  .with(secureWrap)
  .with(rng)
  .with(access)
  .with(audit)
  .with(moduleState);

/** All that a worker has of its instance: what it was given, and what the parts offer. */
export type InstanceState = ReturnType<typeof parts.keep>['has'];

/** Empty, and what feeds it. */
export function openParts(outside: Omit<Outside, 'kinds' | 'relatedWrites'>): {
  readonly state: InstanceState;
  readonly feeding: Feeding;
} {
  let all: readonly RelatedWritesOf[] = [];
  const relatedWrites: AllRelatedWrites = {
    purge: (name) => all.flatMap(({ purge }) => purge?.(name) ?? []),
    split: (split) => all.flatMap((each) => each.split?.(split) ?? []),
    setting: (name, value) => all.flatMap(({ setting }) => setting?.(name, value) ?? []),
    commit: (changes) => all.flatMap(({ commit }) => commit?.(changes) ?? []),
  };
  const { has: state, relatedWrites: known } = parts.keep({ ...outside, kinds: parts.kinds, relatedWrites });
  all = known;
  return { state, feeding: openFeeding(Object.values(state).flatMap(followsOf), parts.kinds) };
}

function followsOf(offered: unknown): readonly Follow[] {
  const { follows } = Object(offered) as { readonly follows?: readonly Follow[] };
  return follows ?? [];
}
