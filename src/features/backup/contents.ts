// What is in a backup, once all of it was read and found to be what was written: key versions sealed for this instance,
// and records. Nothing of it is anywhere but in memory until a restore commits it, so keys are held as the bytes of their
// records: a third of what they take as objects, and what the commit takes.
import type { CryptoClient } from '../../crypto/client/crypto-client.ts';
import { CryptoError } from '../../crypto/protocol/messages.ts';
import { fromPortable, type PortableVersion, PortableVersionError } from '../key-backup/portable-version.ts';
import { type KeyVersion, keyChange } from '../keys/key-version.ts';
import { BackupError } from './backup-error.ts';
import { KEY_PART, type Part } from './manifest.ts';
import { type Line, readLines } from './part-lines.ts';
import type { OpenedBackup } from './read-backup.ts';
import type { BackupService } from './service.ts';

/** A version of a key as its record has it. */
export interface VersionRecord {
  readonly version: string;
  readonly ordinal: number;
  readonly record: Uint8Array;
}

export interface Contents {
  /** By lower-case name; oldest version first. */
  readonly keys: ReadonlyMap<string, readonly VersionRecord[]>;
  readonly texts: ReadonlyMap<string, string>;
}

export interface ContentsReading extends Pick<BackupService, 'randomHex' | 'travels' | 'stopping'> {
  readonly backup: OpenedBackup;
  readonly crypto: Pick<CryptoClient, 'send'>;
  /** Keys read so far. */
  readonly progress: (keysDone: number) => void;
}

const BLOBS_IN_FLIGHT = 32;

/** Every part of it. @throws BackupError, StorageError, CryptoError, the reason of `stopping` */
export async function readContents(reading: ContentsReading): Promise<Contents> {
  const { backup, travels, stopping, progress } = reading;
  const keys = new Map<string, VersionRecord[]>();
  const texts = new Map<string, string>();
  const { parts, counts } = backup.manifest;
  // The next part is on its way while the module works on this one.
  const ahead = parts.map((part) => () => openPart(reading, part));
  let next = ahead[0]?.();
  for (const [at, { name: part }] of parts.entries()) {
    const lines = await (next as Promise<Line[]>);
    next = ahead[at + 1]?.();
    next?.catch(() => undefined);
    stopping.throwIfAborted();
    if (KEY_PART.test(part)) {
      for (const key of await openKeys(reading, part, lines)) addTo(keys, key);
      progress(keys.size);
    } else {
      for (const line of lines) {
        if (travels(line.name) !== 'text' || texts.has(line.name)) throw unexpected(part, `record '${line.name}'`);
        texts.set(line.name, line.value);
      }
    }
  }
  let versions = 0;
  for (const [name, list] of keys) {
    versions += list.length;
    checkVersions(name, list);
  }
  if (keys.size !== counts.keys || versions !== counts.versions || texts.size !== counts.records) {
    throw new BackupError('Damaged', 'the parts do not hold as many keys, versions and records as the manifest says');
  }
  return { keys, texts };
}

/** All versions of one key, oldest first; reads a few parts, for keys lie in the order of their names. @throws BackupError KeyNotInBackup */
export async function readKey(
  reading: Omit<ContentsReading, 'progress' | 'travels'>,
  name: string,
): Promise<readonly KeyVersion[]> {
  const wanted = name.toLowerCase();
  const parts = reading.backup.manifest.parts.filter((part) => KEY_PART.test(part.name));
  // The first part whose last key is not below the wanted one.
  let low = 0;
  let high = parts.length;
  const opened = new Map<number, Line[]>();
  const open = async (at: number): Promise<Line[]> => {
    reading.stopping.throwIfAborted();
    const lines = opened.get(at) ?? (await openPart(reading, parts[at] as Part));
    opened.set(at, lines);
    return lines;
  };
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (((await open(middle)).at(-1)?.name ?? '') < wanted) low = middle + 1;
    else high = middle;
  }
  const found: KeyVersion[] = [];
  for (let at = low; at < parts.length; at++) {
    const lines = (await open(at)).filter((line) => line.name === wanted);
    if (lines.length === 0) break;
    found.push(...(await openKeys(reading, (parts[at] as Part).name, lines)));
  }
  if (found.length === 0) {
    throw new BackupError('KeyNotInBackup', `the backup has no key '${name}': restore it from another backup`);
  }
  found.sort((a, b) => a.ordinal - b.ordinal);
  checkVersions(wanted, found);
  return found;
}

async function openPart({ backup, crypto }: Pick<ContentsReading, 'backup' | 'crypto'>, part: Part): Promise<Line[]> {
  const sealed = await backup.read(part);
  const { content } = await ofPart(part.name, () =>
    crypto.send('openBackup', { backupId: backup.manifest.folder, part: part.name, sealed }),
  );
  return readLines(part.name, content);
}

async function openKeys(
  { crypto, randomHex }: Pick<ContentsReading, 'crypto' | 'randomHex'>,
  part: string,
  lines: readonly Line[],
): Promise<KeyVersion[]> {
  const keys: KeyVersion[] = [];
  for (let at = 0; at < lines.length; at += BLOBS_IN_FLIGHT) {
    const some = lines.slice(at, at + BLOBS_IN_FLIGHT);
    const restored = await ofPart(part, async () => {
      const opened = await Promise.all(some.map(({ value }) => crypto.send('restoreKey', { value })));
      return opened.map(({ versions }) =>
        (versions as readonly PortableVersion[]).map((version) => fromPortable(version, randomHex(4))),
      );
    });
    for (const [index, versions] of restored.entries()) {
      for (const key of versions) {
        if (key.name.toLowerCase() !== some[index]?.name) throw unexpected(part, `key '${key.name}'`);
        keys.push(key);
      }
    }
  }
  return keys;
}

function addTo(keys: Map<string, VersionRecord[]>, key: KeyVersion): void {
  keys.getOrInsert(key.name.toLowerCase(), []).push(toRecord(key));
}

export function toRecord(key: KeyVersion): VersionRecord {
  return { version: key.version, ordinal: key.ordinal, record: keyChange(key).value };
}

/** Ordinals and versions of a key are its own, and it is spelled in one way. */
function checkVersions(name: string, versions: readonly Pick<KeyVersion, 'version' | 'ordinal'>[]): void {
  const ordinals = new Set(versions.map(({ ordinal }) => ordinal));
  const ids = new Set(versions.map(({ version }) => version));
  const ascending = versions.every((key, at) => at === 0 || (versions[at - 1]?.ordinal ?? 0) < key.ordinal);
  if (ordinals.size !== versions.length || ids.size !== versions.length || !ascending) {
    throw new BackupError('Damaged', `the versions of the key '${name}' contradict each other`);
  }
}

/** The part had the right hash: if the module does not open it, it was sealed elsewhere or for another place. */
async function ofPart<Result>(part: string, open: () => Promise<Result>): Promise<Result> {
  try {
    return await open();
  } catch (cause) {
    const isContent =
      cause instanceof PortableVersionError ||
      (cause instanceof CryptoError && (cause.code === 'CryptoFailed' || cause.code === 'BadRequest'));
    if (!isContent) throw cause;
    throw new BackupError('Damaged', `${part} is listed in the manifest, but is not a part of this backup`, { cause });
  }
}

function unexpected(part: string, what: string): BackupError {
  return new BackupError('Damaged', `${part} holds the ${what}, which does not belong there`);
}
