// The `az` that the tests find on their path, where `test/clients/install.sh` has installed one: stock, but for its imports, which
// one process makes for all (`server.py`). A command takes a tenth of a second in place of seven.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface AzForks extends AsyncDisposable {
  /** Holds `az`, to be the first on the path. */
  readonly folder: string;
  readonly pid: number;
}

/** @returns undefined where none is installed for the tests, or where a process that has imported so much may not fork */
export async function azForks(clients: string): Promise<AzForks | undefined> {
  const python = join(clients, 'azure-cli/bin/python3');
  if (process.platform !== 'linux' || !existsSync(python)) return undefined;
  const folder = await mkdtemp(join(tmpdir(), 'strongroom-az-'));
  const at = (name: string): string => join(import.meta.dirname, name);
  const caller = await readFile(at('caller.py'), 'utf8');
  await writeFile(join(folder, 'az'), `#!${python} -IS\n${caller}`);
  await chmod(join(folder, 'az'), 0o755);
  const child = spawn(python, [at('server.py'), join(folder, 'socket')], {
    cwd: folder,
    env: { LC_ALL: 'C.UTF-8' },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = once(child, 'close');
  const first = await Promise.race([once(child.stdout, 'data'), ended.then(() => undefined)]);
  if (first === undefined) throw new Error('the interpreter for az did not start');
  return {
    folder,
    pid: child.pid ?? 0,
    async [Symbol.asyncDispose]() {
      child.stdin.end();
      await ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
}
