// Files that survive a crash at any moment: whole and synced before they have their name, and their folder synced after.
import { constants, type FileHandle, link, open, rename, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { temporaryFor } from './durable-file-sync.ts';

type Content = string | Uint8Array | AsyncIterable<Uint8Array>;

/** How a process gets its files to the disk: Node's permission model refuses `fsync` even of files that it permits. */
export interface Syncing {
  /** Makes an open file's content durable; absent: it is written through (`O_SYNC`). */
  readonly file?: (file: FileHandle) => Promise<void>;
  /** Makes the names in a folder durable. */
  readonly folder: (path: string) => Promise<void>;
}

export function syncingBy(fsync: (file: FileHandle) => Promise<void>): Syncing {
  return {
    file: fsync,
    async folder(path) {
      const folder = await open(path, 'r');
      try {
        await fsync(folder);
      } finally {
        await folder.close();
      }
    },
  };
}

export const byNode: Syncing = syncingBy((file) => file.sync());
const { O_CREAT, O_EXCL, O_NOFOLLOW, O_SYNC, O_WRONLY } = constants;
const NEW = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW;
const OWNER_ONLY = 0o600;

/** Replaces `path`, or makes it, readable by its owner only: after a crash it holds either the old or the new content. */
export function replaceFile(path: string, content: Content, syncing: Syncing = byNode): Promise<void> {
  return putWhole(path, content, syncing, (temporary) => rename(temporary, path));
}

/** Makes `path` unless it exists: it appears when it is whole. @throws EEXIST */
export function createFile(path: string, content: Content): Promise<void> {
  return putWhole(path, content, byNode, async (temporary) => {
    // Unlike a rename, a link never replaces what is there.
    await link(temporary, path);
    await unlink(temporary);
  });
}

async function putWhole(
  path: string,
  content: Content,
  syncing: Syncing,
  put: (temporary: string) => Promise<void>,
): Promise<void> {
  const temporary = temporaryFor(path);
  await writeNew(temporary, content, OWNER_ONLY, syncing);
  try {
    await put(temporary);
  } catch (error) {
    await discard(temporary);
    throw error;
  }
  await syncing.folder(dirname(path));
}

/**
 * The same where there may be no links (memory sticks) or nothing can be renamed or taken away again: what fails leaves its
 * beginning where that cannot be removed. @throws EEXIST
 */
export async function createFileInPlace(
  path: string,
  content: Content,
  mode: number = OWNER_ONLY,
  syncing: Syncing = byNode,
): Promise<void> {
  await writeNew(path, content, mode, syncing);
  await syncing.folder(dirname(path));
}

async function writeNew(path: string, content: Content, mode: number, { file: sync }: Syncing): Promise<void> {
  const file = await open(path, sync === undefined ? NEW | O_SYNC : NEW, mode);
  try {
    if (typeof content === 'string') await writeAll(file, Buffer.from(content, 'utf8'));
    else if (content instanceof Uint8Array) await writeAll(file, content);
    else for await (const piece of content) await writeAll(file, piece);
    await sync?.(file);
  } catch (error) {
    // Half a file would look like a whole one.
    await discard(path);
    throw error;
  } finally {
    await file.close();
  }
}

async function writeAll(file: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length; ) at += (await file.write(bytes, at)).bytesWritten;
}

/** Why it was not written is what the caller hears of; a remainder that stays is no part of anything. */
async function discard(temporary: string): Promise<void> {
  await unlink(temporary).catch(() => undefined);
}
