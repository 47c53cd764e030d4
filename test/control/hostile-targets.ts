// What the hostile control process is told, so that it need not guess: everything but what is secret.
import { fileURLToPath } from 'node:url';
import type { Program } from '../../src/links/spawn-child.ts';

/** It may read what it tries, too. */
export function withAttempts(program: Program): Program {
  const attempts = fileURLToPath(new URL('hostile-attempts.ts', import.meta.url));
  return { ...program, flags: [...(program.flags ?? []), `--allow-fs-read=${attempts}`] };
}

export interface HostileTargets {
  readonly root: string;
  readonly files: readonly string[];
  /** Socket of the management plane's recorder, which control is told of. */
  readonly log: string;
  readonly socketFolders: readonly string[];
  readonly pids: readonly number[];
  readonly name: string;
  readonly request: Readonly<Record<string, unknown>>;
  readonly attacker: string;
  readonly claims: Readonly<Record<string, unknown>>;
  readonly hosts: readonly string[];
  readonly operations: readonly (readonly [method: string, path: string])[];
}
