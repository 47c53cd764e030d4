// Where full backups are kept: what a place must do, whatever it is made of. The place is not trusted: what is written
// there is sealed and signed before, and checked after reading. It only has to keep what it was given, and to say plainly
// when it cannot.

/** How a place is opened: by what the client sent (a SAS), by an identity of the instance's own, or by neither. */
export type StorageCredential =
  | { readonly kind: 'sas'; readonly token: string }
  | { readonly kind: 'managedIdentity' }
  | { readonly kind: 'none' };

export interface BackupTarget {
  /** As the client named it: the URL of a container, or of a directory. Hostile until `OpenStorage` has looked at it. */
  readonly storageResourceUri: string;
  readonly credential: StorageCredential;
}

export interface BackupStorage extends AsyncDisposable {
  /** What is answered as the container's URI: normal form, without token, query or trailing slash. */
  readonly uri: string;
  /**
   * Durable when it resolves. What is there already under that name is never overwritten (`Exists`), and what could not be
   * written whole is nothing under that name. @throws StorageError
   */
  write(folder: string, name: string, content: Uint8Array): Promise<void>;
  /** The first bytes of a file of a finished folder, `limit` at most. @throws StorageError NotFound, Incomplete */
  read(folder: string, name: string, limit: number): Promise<Buffer>;
  /** The files of a finished folder. @throws StorageError NotFound, Incomplete */
  list(folder: string): AsyncIterable<{ readonly name: string; readonly bytes: number }>;
  /** The folders at the top of the place, backups or not, for people who look for one. @throws StorageError */
  folders(): AsyncIterable<StoredFolder>;
  /** The folder is complete and durable when it resolves; until then it is not offered: `list` and `read` refuse it. */
  finish(folder: string): Promise<void>;
  /** Takes away what an unfinished backup has left, where the place lets it; an append-only place keeps it. Idempotent. */
  abandon(folder: string): Promise<void>;
  /** Proves that a backup can be written now, by writing something and taking it away where the place lets it. */
  checkWritable(): Promise<void>;
}

export interface StoredFolder {
  readonly folder: string;
  readonly finished: boolean;
}

/** The last file of a backup: where it is, everything else is there too. It says so to people as well. */
export const MARKER = 'complete';
export const MARKER_TEXT: Uint8Array = new TextEncoder().encode('strongroom: this backup is complete\n');

/**
 * Opens a place. Names (`folder`, `name`) match `[A-Za-z0-9._-]+`, `folder` with `/` between such segments, no segment `.`
 * or `..`: the caller has checked it, the place checks again what would be dangerous to it.
 * @param stopping ends whatever is under way; then the signal's reason is thrown
 * @throws StorageError NotAllowed, Malformed; nothing is asked of the network before both were looked at
 */
export type OpenStorage = (target: BackupTarget, stopping: AbortSignal) => Promise<BackupStorage>;

export type StorageErrorCode =
  | 'NotAllowed' // the operator's allow-list does not name the place
  | 'Malformed' // URI or token have no readable form, or miss what a backup needs
  | 'AccessDenied' // the place knows us and refuses: expired, revoked, wrong permissions
  | 'NotFound' // container, folder or file is not there
  | 'Exists' // the name is taken
  | 'Incomplete' // the folder was never finished
  | 'Full' // no room: disk, quota
  | 'Immutable' // the place keeps what it is given for longer than a backup may need
  | 'Damaged' // what was read is not what was written, as far as the place itself can tell
  | 'VersionRefused' // the place does not know the version of the protocol that we speak
  | 'Unavailable'; // network, time-out, an error of the place's own

/** The message is for the operator: what failed, where, and what to do next. Never a token. */
export class StorageError extends Error {
  override readonly name = 'StorageError';
  readonly code: StorageErrorCode;
  constructor(code: StorageErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** No part is called as the last file is. @throws StorageError */
export function rejectMarker(name: string): void {
  if (name === MARKER) throw new StorageError('Exists', `the name '${MARKER}' is the storage's own`);
}
