// Where results go is tried before anything is measured; what was made on the way goes when the run is stopped.
import { closeSync, existsSync, mkdirSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { UsageError } from './arguments.ts';
import { familyOf } from './machine/processes.ts';

/** What writes the results to the file, if there is one. @throws UsageError where it cannot be written */
export function jsonFile(file: string | undefined): (results: unknown) => void {
  if (file === undefined) return () => undefined;
  orRefuse(file, () => {
    const isNew = !existsSync(file);
    closeSync(openSync(file, 'a'));
    if (isNew) rmSync(file);
  });
  return (results) => writeFileSync(file, `${JSON.stringify(results, undefined, 2)}\n`);
}

/** The same for several results, one after the other: the file is the list of those that there are. @throws UsageError */
export function jsonListFile(file: string | undefined): (results: unknown) => void {
  const write = jsonFile(file);
  const all: unknown[] = [];
  return (results) => {
    all.push(results);
    write(all);
  };
}

/** Made if it is not there. @throws UsageError */
export function readyFolder(folder: string | undefined): void {
  if (folder !== undefined) orRefuse(folder, () => void mkdirSync(folder, { recursive: true }));
}

function orRefuse(path: string, attempt: () => void): void {
  try {
    attempt();
  } catch (error) {
    throw new UsageError(`${path} cannot be written: ${(error as NodeJS.ErrnoException).code ?? String(error)}`);
  }
}

/** All temporary folders of the run are made in one. When it is stopped, what it started ends at once and the folder goes. */
export function removeWhenStopped(): Disposable {
  const before = process.env['TMPDIR'];
  const folder = mkdtempSync(join(tmpdir(), 'strongroom-run-'));
  process.env['TMPDIR'] = folder;
  const remove = (): void => rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
  const stop = (signal: 'SIGINT' | 'SIGTERM'): void => {
    for (const pid of familyOf(process.pid).keys()) if (pid !== process.pid) end(pid);
    remove();
    process.exit(128 + constants.signals[signal]);
  };
  process.once('SIGINT', stop).once('SIGTERM', stop);
  return {
    [Symbol.dispose]() {
      process.off('SIGINT', stop).off('SIGTERM', stop);
      if (before === undefined) delete process.env['TMPDIR'];
      else process.env['TMPDIR'] = before;
      remove();
    },
  };
}

function end(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended in this moment.
  }
}
