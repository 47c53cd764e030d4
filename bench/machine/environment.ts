// On what the figures were taken: a ratio travels between machines, an absolute figure does not.
import { execFileSync } from 'node:child_process';
import { availableParallelism, cpus, release, totalmem, type } from 'node:os';

export interface Environment {
  readonly time: string;
  readonly cpu: string;
  readonly cores: number;
  readonly memoryMiB: number;
  readonly system: string;
  readonly node: string;
  readonly nodeOpenssl: string;
  readonly systemOpenssl: string;
  readonly commit: string;
}

export function environment(): Environment {
  return {
    time: new Date().toISOString(),
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryMiB: Math.round(totalmem() / 2 ** 20),
    system: `${type()} ${release()}`,
    node: process.versions.node,
    nodeOpenssl: process.versions.openssl ?? 'unknown',
    systemOpenssl: firstLine('openssl', ['version']),
    commit: firstLine('git', ['describe', '--always', '--dirty']),
  };
}

function firstLine(program: string, args: readonly string[]): string {
  try {
    const output = execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
    return output.split('\n', 1)[0] ?? '';
  } catch {
    return 'not available';
  }
}
