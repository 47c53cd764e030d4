// Replaces a small file as a whole where `fsync` is not allowed, as it is under Node's permission model: the content is
// written through at once, and somebody else makes the new name durable.
import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';

const { O_CREAT, O_EXCL, O_SYNC, O_WRONLY } = constants;

/** Durable when it resolves. @param syncFolder makes names in the file's folder durable */
export async function replaceFileSynced(
  path: string,
  content: string | Uint8Array,
  syncFolder: () => Promise<void>,
): Promise<void> {
  const temporary = `${path}.${randomUUID()}.new`;
  try {
    const file = await open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_SYNC, 0o600);
    try {
      await file.writeFile(content);
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncFolder();
}
