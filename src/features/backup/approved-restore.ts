// What a full restore needs where duties are separated: somebody else who agrees to exactly this backup.
import { createHash } from 'node:crypto';
import { integer, matching, oneOf, record } from '../../formats/shape.ts';
import type { Change } from '../../store/sealed/records.ts';
import type { SecondPerson } from '../second-person.ts';
import type { OpenedBackup } from './read-backup.ts';
import type { BackupStorage } from './storage/port.ts';

/** What is agreed to. How the place is opened is no part of it: a SAS token is a secret, and another one each time. */
export type FullRestore = ReturnType<typeof fullRestore>;
const line = matching(/^[^]{0,4096}$/u, 'a text');
export const fullRestore = record({
  operation: oneOf('restore'),
  /** Normal form, without token or query. */
  place: line,
  folder: line,
  /** SHA-256 of its manifest, which has the hash of every part: what lies there cannot be exchanged. */
  manifest: matching(/^[A-Za-z0-9_-]{43}$/, 'a SHA-256 in base64url'),
  /** For people, as the manifest says it: whose backup, of when, with how many keys. */
  instance: line,
  started: line,
  keys: integer(0, Number.MAX_SAFE_INTEGER),
});

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
