// Runs the stock `az` with a configuration folder of its own, in one of the two ways of pointing it at the service.
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface AzResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface AzureCli extends AsyncDisposable {
  run(...args: readonly string[]): Promise<AzResult>;
  /** Runs, and calls `hear` with everything printed on stderr so far, each time there is more. */
  runAloud(hear: (stderr: string) => void, ...args: readonly string[]): Promise<AzResult>;
  /** Runs, and returns the JSON it prints. @throws with its error output when it fails */
  json(...args: readonly string[]): Promise<unknown>;
}

export async function azureCli(environment: Readonly<Record<string, string>>): Promise<AzureCli> {
  const folder = await mkdtemp(join(tmpdir(), 'strongroom-az-'));
  const env = {
    PATH: process.env.PATH ?? '/usr/bin:/bin',
    HOME: folder,
    AZURE_CONFIG_DIR: folder,
    AZURE_CORE_COLLECT_TELEMETRY: '0',
    AZURE_CORE_NO_COLOR: '1',
    AZURE_CORE_ENCRYPT_TOKEN_CACHE: 'false',
    ...environment,
  };
  const runAloud = (hear: (stderr: string) => void, ...args: readonly string[]): Promise<AzResult> =>
    new Promise((resolve) => {
      const child = execFile(
        'az',
        args,
        { env, timeout: 600_000, maxBuffer: 8 * 1024 * 1024 },
        (error, stdout, stderr) => {
          const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
          resolve({ code, stdout, stderr });
        },
      );
      let heard = '';
      child.stderr?.on('data', (chunk: string) => {
        heard += chunk;
        hear(heard);
      });
    });
  const run = (...args: readonly string[]): Promise<AzResult> => runAloud(() => {}, ...args);
  return {
    run,
    runAloud,
    async json(...args) {
      const { code, stdout, stderr } = await run(...args, '--output', 'json');
      if (code !== 0) throw new Error(`az ${args.slice(0, 3).join(' ')} ended with ${code}: ${stderr}`);
      return stdout.trim() === '' ? undefined : (JSON.parse(stdout) as unknown);
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}
