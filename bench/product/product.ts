// Starts the product as a user does, in a data directory of its own, and stops it again.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ReadyFile, readReadyFile } from './ready-file.ts';

export const INSTANCE = 'dev';
export const CHECKOUT = join(import.meta.dirname, '..', '..');

export interface Product extends AsyncDisposable {
  /** Where the front listens. */
  readonly port: number;
  readonly ready: ReadyFile;
  /** From the start of the command to the ready file, and when the command was started (`performance.now`). */
  readonly readyMs: number;
  readonly startedAt: number;
}

const START_WITHIN_MS = 120_000;
const STOP_WITHIN_MS = 20_000;

/**
 * @param folder holds `data` between starts, and the log of each
 * @param nodeFlags for node, ahead of the product's entry
 * @param options of the command, behind those that say where things are
 * @param root the checkout that is started
 */
export async function startProduct(
  folder: string,
  label: string,
  nodeFlags: readonly string[] = [],
  options: readonly string[] = [],
  root: string = CHECKOUT,
): Promise<Product> {
  const port = await freePort();
  const readyFile = join(folder, `${label}.ready.json`);
  const logFile = join(folder, `${label}.log`);
  rmSync(readyFile, { force: true });
  const log = openSync(logFile, 'w', 0o600);
  // As a user starts it; flags for node need the launcher.
  const [program, ...words] =
    nodeFlags.length === 0
      ? [join(root, 'strongroom')]
      : [process.execPath, 'scripts/run.mjs', ...nodeFlags, 'src/cli/main.ts'];
  const startedAt = performance.now();
  const own = ['--data', join(folder, 'data'), '--port', String(port), '--ready-file', readyFile];
  const child = spawn(program, [...words, 'start', ...own, ...options], { cwd: root, stdio: ['ignore', log, log] });
  closeSync(log);
  try {
    await waitFor(readyFile, child);
    const readyMs = performance.now() - startedAt;
    const ready = readReadyFile(readyFile, INSTANCE);
    return { port, ready, readyMs, startedAt, [Symbol.asyncDispose]: () => stopProcess(child) };
  } catch (error) {
    await stopProcess(child);
    throw new Error(`the product did not start:\n${readFileSync(logFile, 'utf8').slice(-4000)}`, { cause: error });
  }
}

async function waitFor(readyFile: string, child: ChildProcess): Promise<void> {
  const deadline = performance.now() + START_WITHIN_MS;
  while (!isWhole(readyFile)) {
    if (child.exitCode !== null || child.signalCode !== null) throw new Error('it ended before it was ready');
    if (performance.now() > deadline) throw new Error('it was not ready in time');
    await sleep(5);
  }
}

function isWhole(readyFile: string): boolean {
  if (!existsSync(readyFile)) return false;
  try {
    JSON.parse(readFileSync(readyFile, 'utf8'));
    return true;
  } catch {
    return false; // still being written
  }
}

export async function stopProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGINT');
  const inTime = await Promise.race([gone.then(() => true), sleep(STOP_WITHIN_MS, false, { ref: false })]);
  if (inTime) return;
  child.kill('SIGKILL');
  await gone;
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  if (address === null || typeof address === 'string') throw new Error('no free port');
  return address.port;
}
