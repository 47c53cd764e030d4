// C: what the machine's libcrypto does of one operation per second with every core doing nothing else. One process per
// core; compiled C where there is a compiler and libcrypto's headers, else the same calls through koffi.
import { type ChildProcess, type ChildProcessByStdio, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { promisify } from 'node:util';

export type RawOperation = 'rs256' | 'oaep256' | 'es256' | 'a256gcm' | 'a256kw' | 'rsa-generate' | 'p256-generate';

export interface RawLimit {
  /** What was run, in words. */
  readonly method: string;
  /** Operations per second over all cores, or of so many processes. */
  measure(operation: RawOperation, seconds: number, processes?: number): Promise<number>;
}

/** @param folder where the compiled program may be put */
export async function rawLimit(folder: string): Promise<RawLimit> {
  const program = join(folder, 'raw-limit');
  const trouble = await compile(join(import.meta.dirname, 'raw', 'limit.c'), program, ['-lcrypto']);
  const loop = limitThroughKoffi(`koffi on the module's libcrypto (${trouble})`);
  if (trouble !== undefined) return loop;
  const compiled = limitOf("compiled C on the system libcrypto, making keys through koffi on the module's", [program]);
  // OpenSSL 3.5 makes RSA keys five times as fast as 3.0. What koffi costs is nothing beside a key.
  const measure: RawLimit['measure'] = (operation, ...rest) =>
    (operation.endsWith('-generate') ? loop : compiled).measure(operation, ...rest);
  return { ...compiled, measure };
}

export function limitThroughKoffi(method: string): RawLimit {
  return limitOf(method, [process.execPath, join(import.meta.dirname, 'raw', 'limit-loop.ts')]);
}

function limitOf(method: string, command: readonly string[]): RawLimit {
  return {
    method,
    measure: (operation, seconds, processes = availableParallelism()) =>
      onSeveralCores([...command, operation, String(seconds)], processes),
  };
}

/** Why it could not be compiled, or undefined when it was. */
export async function compile(
  source: string,
  program: string,
  libraries: readonly string[],
): Promise<string | undefined> {
  try {
    await promisify(execFile)('cc', ['-O2', '-o', program, source, ...libraries]);
    return undefined;
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    return text.split('\n').find((line) => /error|ENOENT/.test(line)) ?? 'cc failed';
  }
}

/** What so many processes of the command do a second, all in the same span of time. */
export async function onSeveralCores(
  command: readonly string[],
  processes: number,
  env: Readonly<NodeJS.ProcessEnv> = process.env,
): Promise<number> {
  const [program = '', ...args] = command;
  const children: ChildProcessByStdio<Writable, Readable, null>[] = [];
  try {
    const conversations: (() => Promise<string>)[] = [];
    // One after the other: SoftHSM finds a token unreadable while another process opens it.
    for (let core = 0; core < processes; core += 1) {
      const child = spawn(program, args, { env, stdio: ['pipe', 'pipe', 'inherit'] });
      children.push(child);
      const next = lines(child);
      await next();
      conversations.push(next);
    }
    for (const child of children) child.stdin.end('\n');
    const rates = await Promise.all(
      conversations.map(async (next) => {
        const [count, seconds] = (await next()).split(' ').map(Number);
        return (count ?? Number.NaN) / (seconds ?? Number.NaN);
      }),
    );
    return rates.reduce((sum, rate) => sum + rate, 0);
  } finally {
    for (const child of children) await ended(child);
  }
}

function lines(child: ChildProcess): () => Promise<string> {
  if (child.stdout === null) throw new Error('no output to read');
  const iterator = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return async () => {
    const { done, value } = await iterator.next();
    if (done === true) throw new Error('the raw limit process ended early');
    return value;
  };
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill();
  await once(child, 'exit');
}
