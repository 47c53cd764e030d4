// One backup or restore, as a sealed record that every worker sees. It never holds what opens the
// storage: that is in the memory of the worker that runs the job, and nowhere else.
import { flag, integer, oneOf, type Reader, record, text } from '../../../formats/shape.ts';
import { recordKind, type ValueOf } from '../../../store/sealed/record-kind.ts';
import type { Change } from '../../../store/sealed/records.ts';

export const JOB_KINDS = ['backup', 'prebackup', 'restore', 'prerestore', 'key-restore'] as const;
export type JobKind = (typeof JOB_KINDS)[number];

export type Job = ValueOf<typeof jobKind> & { readonly id: string };
export const JOB_ID: RegExp = /^[0-9a-f]{32}$/;

function orNull<T>(read: Reader<T>): Reader<T | null> {
  return (value, path) => (value === null ? null : read(value, path));
}

const time = integer(0, Number.MAX_SAFE_INTEGER);
const jobError = record({ code: text, message: text });
export type JobError = ReturnType<typeof jobError>;
const members = {
  kind: oneOf(...JOB_KINDS),
  status: oneOf('InProgress', 'Succeeded', 'Failed', 'Canceled'),
  statusDetails: text,
  /** Unix seconds of the instance's clock. */
  startTime: time,
  /** Null while in progress. */
  endTime: orNull(time),
  error: orNull(jobError),
  /** True: what was asked for has no readable form, which the service says at the poll, as a refused request. */
  malformed: flag,
  /** URI of the finished folder. */
  folderUri: orNull(text),
  /** Object id of who started it. */
  startedBy: text,
  /** The worker that runs it, as `service/worker-ids.ts` writes it. */
  worker: text,
};
/** By the job's id. */
export const jobKind = recordKind({
  of: 'backup-job/',
  id: JOB_ID,
  about: 'A backup or restore: how it goes, or how it ended',
  travels: 'stays',
  members,
  /** `writing`: URI of the folder that a backup writes into, or has left there unfinished. */
  optional: { writing: text },
});

export function jobChange({ id, ...rest }: Job): Change {
  return jobKind.put(id, rest);
}

/** Restores hold up the instance while they run; checks and restores of one key do not. */
export function isRestoreMode({ kind, status }: Job): boolean {
  return kind === 'restore' && status === 'InProgress';
}

/** Which of the two poll addresses a job has. */
export function pollsAs(kind: JobKind): 'backup' | 'restore' {
  return kind === 'backup' || kind === 'prebackup' ? 'backup' : 'restore';
}
