// The files of a folder that is in use: what goes while it is walked, as the log's partial tiles do once they are full, is
// passed over.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface FileBelow {
  readonly path: string;
  readonly content: Buffer;
}

export function* filesBelow(folder: string): Generator<FileBelow> {
  for (const entry of unlessGone(() => readdirSync(folder, { withFileTypes: true })) ?? []) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* filesBelow(path);
    if (!entry.isFile()) continue;
    const content = unlessGone(() => readFileSync(path));
    if (content !== undefined) yield { path, content };
  }
}

function unlessGone<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
