// Writes a view of the instance down as a full backup: parts of bounded size, each sealed by the module, then the signed
// manifest, which makes it one. Memory holds a few parts at a time.
import { createHash } from 'node:crypto';
import type { CryptoClient } from '../../crypto/client/crypto-client.ts';
import { domainFingerprint } from '../../formats/domain-identity.ts';
import { isoTime } from '../../formats/iso-time.ts';
import { toPortable } from '../key-backup/portable-version.ts';
import type { KeyVersion } from '../keys/key-version.ts';
import { BackupError } from './backup-error.ts';
import { encodeManifest, FORMAT, MANIFEST, MAX_MANIFEST, type Manifest, type Part, STATEMENT } from './manifest.ts';
import { type Line, PartGatherer } from './part-lines.ts';
import type { BackupService } from './service.ts';
import { type BackupStorage, StorageError } from './storage/port.ts';
import type { View } from './view.ts';

/** How many keys the module works on at once: enough to keep it busy, few enough that requests get their turn. */
const KEYS_IN_FLIGHT = 32;
/** Parts under way to the storage. */
const WRITES_IN_FLIGHT = 3;
/** Versions of a key in one blob, by number and by the length of what goes to the module. */
const VERSIONS_IN_BLOB = 100;
const BLOB_LENGTH = 512 * 1024;

export interface BackupWriting {
  readonly storage: BackupStorage;
  readonly folder: string;
  readonly view: View;
  readonly progress: (keysDone: number) => void;
}

/** Somebody else writes, or has written, into the folder. Nothing of ours is in it. */
export class FolderTakenError extends Error {
  override readonly name = 'FolderTakenError';
}

/**
 * Whatever it throws: the folder is not finished then.
 * @throws FolderTakenError, StorageError, CryptoError, the reason of `stopping`
 */
export async function writeBackup(
  { crypto, instance, now, stopping }: Pick<BackupService, 'crypto' | 'instance' | 'now' | 'stopping'>,
  { storage, folder, view, progress }: BackupWriting,
): Promise<Manifest> {
  const started = isoTime(now());
  const parts: Part[] = [];
  const writes = new Set<Promise<void>>();
  let failure: { readonly error: unknown } | undefined;

  /** Resolves when there is room for more, not when it is written. */
  async function put(kind: 'keys' | 'records', content: Buffer | undefined): Promise<void> {
    if (content === undefined) return;
    const at = parts.filter(({ name }) => name.startsWith(kind)).length + 1;
    const name = `${kind}-${String(at).padStart(5, '0')}`;
    const { sealed } = await crypto.send('sealBackup', { backupId: folder, part: name, content });
    parts.push({ name, bytes: sealed.length, sha256: createHash('sha256').update(sealed).digest('base64url') });
    if (parts.length === 1) await takeFolder(storage.write(folder, name, sealed));
    else follow(storage.write(folder, name, sealed));
    while (writes.size >= WRITES_IN_FLIGHT) await Promise.race(writes);
    if (failure !== undefined) throw failure.error;
    stopping.throwIfAborted();
  }

  function follow(begun: Promise<void>): void {
    const write = begun
      .catch((error: unknown) => {
        failure ??= { error };
      })
      .finally(() => writes.delete(write));
    writes.add(write);
  }

  try {
    const keys = new PartGatherer();
    for (let at = 0; at < view.keys.length; at += KEYS_IN_FLIGHT) {
      const some = view.keys.slice(at, at + KEYS_IN_FLIGHT);
      const blobs = await Promise.all(some.map(({ name, versions }) => blobsOf(name, versions, crypto)));
      for (const line of blobs.flat()) await put('keys', keys.add(line));
      stopping.throwIfAborted();
      progress(at + some.length);
    }
    await put('keys', keys.end());
    const records = new PartGatherer();
    for (const [name, value] of view.texts) await put('records', records.add({ name, value }));
    await put('records', records.end());
  } finally {
    // Nothing may be written any more once the caller knows how it ended.
    await Promise.all(writes);
  }
  if (failure !== undefined) throw failure.error;
  const manifest: Manifest = {
    format: FORMAT,
    folder,
    instance,
    domain: domainFingerprint(crypto.hello.domainKey),
    domainKey: Buffer.from(crypto.hello.domainKey).toString('base64url'),
    started,
    finished: isoTime(now()),
    // Of the module that wrote it nothing more belongs here: it is opened by others.
    head: { sequence: view.head.sequence, hash: view.head.hash },
    counts: {
      keys: view.keys.length,
      versions: view.keys.reduce((sum, { versions }) => sum + versions.length, 0),
      records: view.texts.size,
    },
    parts,
  };
  const body = encodeManifest(manifest);
  if (body.length > MAX_MANIFEST) throw new BackupError('TooLarge', 'the instance has more than one manifest can list');
  const { note } = await crypto.send('signStatement', { kind: 'backup-manifest', body });
  await storage.write(folder, MANIFEST, body);
  await storage.write(folder, STATEMENT, Buffer.from(note, 'utf8'));
  stopping.throwIfAborted();
  await storage.finish(folder);
  return manifest;
}

/** The first file makes the folder ours: of two who try, one finds it there. */
async function takeFolder(first: Promise<void>): Promise<void> {
  try {
    await first;
  } catch (error) {
    if (error instanceof StorageError && error.code === 'Exists') {
      throw new FolderTakenError('the folder is taken', { cause: error });
    }
    throw error;
  }
}

/** One blob, or several for a key with many versions. */
function blobsOf(name: string, versions: readonly KeyVersion[], crypto: CryptoClient): Promise<Line[]> {
  const groups: object[][] = [];
  let length = Number.POSITIVE_INFINITY;
  for (const version of versions.map(toPortable)) {
    const longer = JSON.stringify(version).length;
    const group = groups.at(-1);
    if (group === undefined || group.length >= VERSIONS_IN_BLOB || length + longer > BLOB_LENGTH) {
      groups.push([version]);
      length = longer;
    } else {
      group.push(version);
      length += longer;
    }
  }
  return Promise.all(
    groups.map(async (group) => ({
      name,
      value: (await crypto.send('backupKey', { versions: group, rest: {} })).value,
    })),
  );
}

/** `mhsm-{name}-{YYYYMMDDHHmmss}{hundredths}` @param time Unix seconds, fractions count */
export function folderName(instanceName: string, time: number): string {
  const digits = new Date(Math.floor(time * 100) * 10).toISOString().replaceAll(/\D/g, '').slice(0, 16);
  return `mhsm-${instanceName}-${digits}`;
}
