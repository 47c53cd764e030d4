// The module's durable files: written as everybody's are, synced by a call of its own.
import { replaceFile, syncingBy } from '../files/durable-file.ts';
import { createFileSync, replaceFileSync, syncFolder as syncFolderBy } from '../files/durable-file-sync.ts';
import { fsync, fsyncLater } from './fsync.ts';

const later = syncingBy((file) => fsyncLater(file.fd));

/** Gives `path` its content only if it does not exist yet. @returns false when it does */
export function createDurable(path: string, content: Uint8Array): boolean {
  return createFileSync(path, content, fsync);
}

/** Replaces `path`, or makes it. */
export function replaceDurable(path: string, content: Uint8Array): void {
  replaceFileSync(path, content, fsync);
}

/** The same without holding up the event loop. */
export function replaceDurableLater(path: string, content: Uint8Array): Promise<void> {
  return replaceFile(path, content, later);
}

export function syncFolder(path: string): void {
  syncFolderBy(path, fsync);
}
