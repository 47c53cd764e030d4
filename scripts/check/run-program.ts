// Runs one of the installed tools on this very Node and hands back its exit code and all that it printed.
import { spawn } from 'node:child_process';

export interface Outcome {
  readonly code: number;
  readonly output: string;
}

export async function runOnThisNode(root: string, script: string, args: readonly string[]): Promise<Outcome> {
  const child = spawn(process.execPath, [script, ...args], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => chunks.push(chunk));
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  child.once('error', reject);
  child.once('close', (code) => resolve(code ?? 1));
  return { code: await promise, output: Buffer.concat(chunks).toString('utf8').trimEnd() };
}
