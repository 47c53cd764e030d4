// What a job says of its failure: a code of a closed list and a sentence with the next step. What is not ours to explain
// is reported to the operator, and the job says no more than that it failed.
import { CryptoError } from '../../../crypto/protocol/messages.ts';
import { ServiceError } from '../../../http/service-error.ts';
import { StoreError } from '../../../store/port.ts';
import { BackupError, type BackupErrorCode } from '../backup-error.ts';
import { StorageError, type StorageErrorCode } from '../storage/port.ts';
import type { JobError } from './job.ts';

const LONGEST = 2000;
const codes: Readonly<Record<StorageErrorCode | BackupErrorCode, string>> = {
  NotAllowed: 'StorageNotAllowed',
  Malformed: 'BadRequest',
  AccessDenied: 'StorageAccessDenied',
  NotFound: 'StorageNotFound',
  Exists: 'StorageNameTaken',
  Incomplete: 'BackupIncomplete',
  Full: 'StorageFull',
  Immutable: 'StorageImmutable',
  Damaged: 'BackupDamaged',
  VersionRefused: 'StorageVersionRefused',
  Unavailable: 'StorageUnavailable',
  OtherDomain: 'OtherSecurityDomain',
  UnknownFormat: 'BackupFormatUnknown',
  KeyNotInBackup: 'KeyNotInBackup',
  TooLarge: 'BackupTooLarge',
};

/** @param report takes what an operator should see */
export function jobErrorOf(error: unknown, report: (error: unknown) => void): JobError {
  if (error instanceof StorageError || error instanceof BackupError) {
    return { code: codes[error.code], message: error.message.slice(0, LONGEST) };
  }
  if (error instanceof ServiceError) {
    return { code: error.innerCode ?? error.code, message: error.message.slice(0, LONGEST) };
  }
  report(error);
  if (error instanceof StoreError) {
    return {
      code: 'ServiceUnavailable',
      message: 'The store cannot be used now; the operator finds the reason in the log',
    };
  }
  if (error instanceof CryptoError && (error.code === 'PartitionLost' || error.code === 'Busy')) {
    return { code: 'ServiceUnavailable', message: 'The module restarted during the job; start it again' };
  }
  return { code: 'InternalServerError', message: 'The job failed; the operator finds the reason in the log' };
}
