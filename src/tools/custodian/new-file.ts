// Files that the tool makes: durable, and never in place of one that is there.
import { open, rm } from 'node:fs/promises';
import { CustodianError } from './refusal.ts';

/** @throws CustodianError when the file exists */
export async function writeNewFile(path: string, content: string, mode: number): Promise<void> {
  const file = await open(path, 'wx', mode).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    throw new CustodianError(`${path} exists already: move it away, or write elsewhere with --out`);
  });
  try {
    await file.writeFile(content);
    await file.sync();
  } catch (error) {
    // Half a file would look like a whole one.
    await rm(path, { force: true });
    throw error;
  } finally {
    await file.close();
  }
}
