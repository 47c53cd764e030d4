// Writing one file so that it survives a loss of power whole, or is not there; never over another.
import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, link, open, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';

type Content = Uint8Array | AsyncIterable<Uint8Array>;
const NEW = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;

/** Appears under its name only when it is whole and synced. @throws EEXIST */
export async function writeWhole(path: string, content: Content): Promise<void> {
  const temporary = join(dirname(path), `.${randomUUID()}.part`);
  try {
    await writeSynced(temporary, content);
    // Unlike a rename, a link never replaces what is there.
    await link(temporary, path);
  } catch (error) {
    // Why it was not written is what the caller hears of; a remainder that stays is no part of anything.
    await unlink(temporary).catch(() => undefined);
    throw error;
  }
  await unlink(temporary);
  await syncFolder(dirname(path));
}

/** For folders in which nothing can be renamed or taken away: a content that fails leaves its beginning. @throws EEXIST */
export async function writeInPlace(path: string, content: Content): Promise<void> {
  await writeSynced(path, content);
  await syncFolder(dirname(path));
}

export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

async function writeSynced(path: string, content: Content): Promise<void> {
  const file = await open(path, NEW, 0o600);
  try {
    if (content instanceof Uint8Array) await writeAll(file, content);
    else for await (const piece of content) await writeAll(file, piece);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** One call may write less than asked. */
async function writeAll(file: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length; ) at += (await file.write(bytes, at)).bytesWritten;
}
