// From what the instance holds and what the backup holds: the changes that turn the one into the other, as one commit.
// With purge protection nothing is lost by it: what the backup does not have is kept as deleted, for its full retention.
import type { Change } from '../../store/sealed/records.ts';
import { type DeletedKey, deletedKeyKind, deletionChange } from '../keys/deleted-key.ts';
import { keyKind, keyOf, keyRemoval } from '../keys/key-version.ts';
import { policyKind } from '../rotation/policy.ts';
import { type Contents, toRecord, type VersionRecord } from './contents.ts';
import type { View } from './view.ts';

/** What a protected instance has promised. Unix seconds and seconds. */
export interface Protection {
  readonly now: number;
  readonly retention: number;
}

/** @param relatedWrites further changes for a key that was there before: what other features keep of it is true no more */
export function planRestore(
  current: View,
  backup: Contents,
  protection: Protection | undefined,
  relatedWrites: (name: string) => readonly Change[],
): readonly Change[] {
  const after = protection === undefined ? backup : keepPromises(current, backup, protection);
  const changes = new Map<string, Uint8Array | null>();
  for (const { name, versions } of current.keys) {
    for (const { version } of versions) changes.set(keyRemoval({ name, version }).name, null);
    for (const change of relatedWrites(name)) changes.set(change.name, change.value);
  }
  for (const name of current.texts.keys()) if (!after.texts.has(name)) changes.set(name, null);
  for (const [name, versions] of after.keys) {
    for (const { version, record } of versions) changes.set(keyRemoval({ name, version }).name, record);
  }
  for (const [name, text] of after.texts) {
    if (current.texts.get(name) !== text) changes.set(name, Buffer.from(text, 'utf8'));
  }
  return [...changes].map(([name, value]) => ({ name, value }));
}

function keepPromises(current: View, backup: Contents, protection: Protection): Contents {
  const keys = new Map(backup.keys);
  const texts = new Map(backup.texts);
  for (const { name, versions } of current.keys) {
    const restored = backup.keys.get(name) ?? [];
    const ids = new Set(restored.map(({ version }) => version));
    const others = versions.filter(({ version }) => !ids.has(version));
    if (others.length > 0) keys.set(name, numbered(name, [...others.map(toRecord), ...restored]));
    const record = deletedKeyKind.of + name;
    const policy = policyKind.of + name;
    const policyNow = current.texts.get(policy);
    if (restored.length === 0 && policyNow !== undefined) texts.set(policy, policyNow);
    const deletedNow = readDeleted(name, current.texts.get(record));
    const deletedThen = readDeleted(name, restored.length === 0 ? undefined : backup.texts.get(record));
    if (restored.length > 0 && deletedThen === undefined) continue;
    const promised = deletedNow?.scheduledPurgeDate ?? protection.now + protection.retention;
    const deleted: DeletedKey = deletedThen ??
      deletedNow ?? {
        name: versions.at(-1)?.name ?? name,
        deletedDate: protection.now,
        scheduledPurgeDate: promised,
      };
    const scheduledPurgeDate = Math.max(deleted.scheduledPurgeDate, promised);
    texts.set(record, Buffer.from(deletionChange({ ...deleted, scheduledPurgeDate }).value).toString('utf8'));
  }
  return { keys, texts };
}

/** Those of the backup come last, so that its current version is the current one. */
function numbered(name: string, versions: readonly VersionRecord[]): readonly VersionRecord[] {
  return versions.map((each, at) =>
    each.ordinal === at + 1
      ? each
      : toRecord({ ...keyOf(keyKind.read(`${name}/${each.version}`, each.record)), ordinal: at + 1 }),
  );
}

function readDeleted(name: string, text: string | undefined): DeletedKey | undefined {
  return text === undefined ? undefined : deletedKeyKind.read(name, Buffer.from(text, 'utf8'));
}
