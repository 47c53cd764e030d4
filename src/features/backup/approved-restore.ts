// What a full restore needs where duties are separated: somebody else who agrees to exactly this backup.
import { createHash } from 'node:crypto';
import type { Change } from '../../store/sealed/records.ts';
import type { SecondPerson } from '../second-person.ts';
import type { OpenedBackup } from './read-backup.ts';
import type { BackupStorage } from './storage/port.ts';

/** What is agreed to. How the place is opened is no part of it: a SAS token is a secret, and another one each time. */
export interface FullRestore {
  readonly operation: 'restore';
  /** Normal form, without token or query. */
  readonly place: string;
  readonly folder: string;
  /** SHA-256 of its manifest, base64url, which has the hash of every part: what lies there cannot be exchanged. */
  readonly manifest: string;
  /** For people, as the manifest says it: whose backup, of when, with how many keys. */
  readonly instance: string;
  readonly started: string;
  readonly keys: number;
}

export interface RestoreApproval extends SecondPerson<FullRestore> {
  /** As it is now. */
  readonly needsSecond: () => boolean;
  /** Part of a restore's commit: it exchanges who may agree to what, so what was asked for before it is asked for anew. */
  readonly ending: () => readonly Change[];
}

export function fullRestoreOf(
  { uri }: Pick<BackupStorage, 'uri'>,
  folder: string,
  { manifest, bytes }: Pick<OpenedBackup, 'manifest' | 'bytes'>,
): FullRestore {
  return {
    operation: 'restore',
    place: uri,
    folder,
    manifest: createHash('sha256').update(bytes).digest('base64url'),
    instance: manifest.instance.name,
    started: manifest.started,
    keys: manifest.counts.keys,
  };
}
