// From an error of the system to one that tells the operator what to do next.
import { StorageError, type StorageErrorCode } from '../port.ts';

const MEANINGS: Readonly<Record<string, readonly [StorageErrorCode, string]>> = {
  ENOSPC: ['Full', 'the disk is full; make room or use another place'],
  EDQUOT: ['Full', 'the quota of the account is used up; make room or use another place'],
  EFBIG: ['Full', 'a file may not be that large there; raise the limit or use another place'],
  EEXIST: ['Exists', 'the name is taken, and nothing is ever written over; use another folder'],
  EACCES: ['AccessDenied', 'the account of the service may not do that; give it the right'],
  EPERM: [
    'AccessDenied',
    "the folder does not let that be done (append-only folders need 'keepsAll'); change the one or the other",
  ],
  EROFS: ['AccessDenied', 'the disk is mounted read-only; mount it for writing'],
  ENOENT: ['NotFound', 'it is not there; name what a backup has written'],
  ENOTDIR: ['NotFound', 'it is not in a folder; name what a backup has written'],
  ELOOP: ['NotAllowed', 'it is a symbolic link, which is not followed'],
};

/** StorageErrors and errors that are not the system's are returned as they are. */
export function explainErrno(error: unknown, what: string): unknown {
  if (error instanceof StorageError) return error;
  const { code, syscall } = error as NodeJS.ErrnoException;
  if (typeof code !== 'string' || typeof syscall !== 'string') return error;
  const [kind, next] = MEANINGS[code] ?? ['Unavailable', `the system reports ${code}; check the disk`];
  return new StorageError(kind, `${what}: ${next}`, { cause: error });
}
