// What a place can tell of the backups in it, to people who look for one. Nothing that is said here was verified.
import type { BackupStorage } from './port.ts';

export interface CatalogEntry {
  readonly folder: string;
  readonly finished: boolean;
}

export interface BackupCatalog extends BackupStorage {
  /** The folders at the top of the place, backups or not. @throws StorageError */
  folders(): AsyncIterable<CatalogEntry>;
}
