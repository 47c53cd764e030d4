// What backups and restores are given of the instance; each of their files takes what it needs of it.
import type { CryptoClient } from '../../crypto/client/crypto-client.ts';
import type { BackupScope, RecordKind } from '../../store/sealed/record-kind.ts';
import type { Records } from '../../store/sealed/records.ts';
import type { Retention } from '../keys/bundle.ts';
import type { KeyIndex } from '../keys/key-index.ts';
import type { KeyLimits } from '../keys/limits.ts';
import type { AllRelatedWrites } from '../part.ts';
import type { RestoreApproval } from './approved-restore.ts';
import type { BackupJobs } from './jobs/backup-jobs.ts';
import type { JobEngine } from './jobs/job-engine.ts';
import type { NamedFolder } from './storage/allowed-targets.ts';
import type { OpenStorage } from './storage/port.ts';
import type { TextRecords } from './view.ts';

export interface BackupService {
  readonly keys: KeyIndex;
  readonly texts: TextRecords;
  readonly records: Omit<Records, keyof AsyncDisposable>;
  readonly crypto: CryptoClient;
  readonly instance: { readonly id: string; readonly name: string };
  readonly retention: Retention;
  readonly limits: KeyLimits;
  /** Unix seconds of the instance's clock. */
  readonly now: () => number;
  readonly randomHex: (bytes: number) => string;
  readonly report: (what: string, error: unknown) => void;
  readonly stopping: AbortSignal;
  /** Of all records that an instance has. */
  readonly kinds: readonly RecordKind[];
  readonly travels: (recordName: string) => BackupScope;
  readonly relatedWrites: Pick<AllRelatedWrites, 'purge'>;
  readonly duties: RestoreApproval;
  readonly jobs: BackupJobs;
  readonly engine: JobEngine;
  /** Whether a full restore asks for an earlier backup. */
  readonly needsEarlierBackup: () => boolean;
  readonly openStorage: OpenStorage;
  /** Where the folder lies among the allowed places, however its address was cut. */
  readonly locate: (named: NamedFolder) => NamedFolder;
  /** Of an instance whose clock may be moved: the command that moves it forward by so many minutes. */
  readonly forward?: ((minutes: number) => string) | undefined;
}
