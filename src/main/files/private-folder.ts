// Folders of the data directory: entered by their owner only.
import { mkdirSync } from 'node:fs';

/** Makes a folder (0700) with those above it. One that exists is left as it is. */
export function makePrivateFolder(path: string): void {
  mkdirSync(path, { recursive: true, mode: 0o700 });
}
