// What is said of backups: a line for each in a list, and what was proven of one.
import { BackupError } from '../../../features/backup/backup-error.ts';
import type { BackupStorage, StoredFolder } from '../../../features/backup/storage/port.ts';
import { domainFingerprint } from '../../../formats/domain-identity.ts';
import { groupFingerprint } from '../../../formats/fingerprint.ts';
import { printableLine } from '../../../formats/printable.ts';
import { readManifest } from '../../../tools/backup/read-manifest.ts';
import type { Verified } from '../../../tools/backup/verify/verify-backup.ts';
import { counted, countedKeys } from '../../counted.ts';
import { labelled } from '../../show.ts';
import type { TrialOutcome } from './trial.ts';

/** As it describes itself. */
export async function describeBackup(shelf: BackupStorage, { folder, finished: isFinished }: StoredFolder) {
  if (!isFinished) return { folder, state: 'unfinished' } as const;
  try {
    const { instance, finished, counts, domain } = (await readManifest(shelf, folder)).manifest;
    return { folder, state: 'finished', instance: instance.name, finished, keys: counts.keys, domain } as const;
  } catch (error) {
    if (!(error instanceof BackupError)) throw error;
    return { folder, state: 'unreadable' } as const;
  }
}

export function lineOf(row: Awaited<ReturnType<typeof describeBackup>>): string {
  const rest =
    row.state === 'finished'
      ? `${row.finished}  ${counted(row.keys, 'key')}  domain ${row.domain.slice(0, 16)}…`
      : row.state;
  return `${printableLine(`${row.folder}  ${rest}`)}\n`;
}

export function textOf({ manifest, faults }: Verified, anchored: boolean): string {
  const fingerprint = groupFingerprint(domainFingerprint(Buffer.from(manifest.domainKey, 'base64url')));
  const { keys, versions, records } = manifest.counts;
  const rows = [
    ['backup', manifest.folder],
    ['of', `${manifest.instance.name} (${manifest.instance.id})`],
    ['domain', `${fingerprint}${anchored ? ' (the one given)' : ' (compare it; --key does)'}`],
    ['made', `${manifest.started} to ${manifest.finished}`],
    [
      'holds',
      `${counted(keys, 'key')} with ${counted(versions, 'version')}, ${counted(records, 'other record')}, ${counted(manifest.parts.length, 'part')}`,
    ],
  ] as const;
  const bad = faults.map(({ file, what }) => `  ${printableLine(`${file} ${what}`)}\n`).join('');
  const verdict =
    bad === '' ? 'The backup is whole.\n' : `The backup is NOT whole; use another one, or a copy of it:\n${bad}`;
  return verdict + labelled(rows, 9, '  ');
}

export function trialText(tried: TrialOutcome | undefined): string {
  if (tried === undefined) return '';
  const { passed, keys, deletedKeys, used, problem, next } = tried;
  if (passed === null) return `The trial could not be done: ${problem}\n`;
  if (!passed) return `The trial FAILED\n  at fault ${problem}\n  next     ${next}\n`;
  const answered = used === 0 ? '' : `, ${used} of them answered as known`;
  return `The trial passed: ${countedKeys(keys, deletedKeys)} came back in a throw-away instance${answered}\n`;
}
