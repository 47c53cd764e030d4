// What the hostile control process is told, so that it need not guess: everything but what is secret.
import { existsSync, readFileSync, watch, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Program, spawnChild } from '../../src/links/spawn-child.ts';

/** It may read what it tries, too. */
export function withAttempts(program: Program): Program {
  const attempts = fileURLToPath(new URL('hostile-attempts.ts', import.meta.url));
  return { ...program, flags: [...(program.flags ?? []), `--allow-fs-read=${attempts}`] };
}

/** Of a process that reads logs: what it is there for. */
export const READS: RegExp = /^(read|list|dots|as bytes|open|copy) /;

/** What came of each attempt of a process that is started as the real one. @param own its folder */
export async function attempted(
  program: Program,
  own: string,
  targets: object,
): Promise<Readonly<Record<string, string>>> {
  writeFileSync(join(own, 'targets.json'), JSON.stringify(targets));
  let said = '';
  const { link, gone } = spawnChild(withAttempts(program), (chunk) => (said += chunk.toString('utf8')));
  const path = join(own, 'report.json');
  await new Promise<void>((resolve, reject) => {
    const watching = watch(own, () => {
      if (!existsSync(path)) return;
      watching.close();
      resolve();
    });
    void gone.then(() => {
      watching.close();
      reject(new Error(`no report: ${said.slice(-2000)}`));
    });
  });
  link.end();
  await gone;
  return JSON.parse(readFileSync(path, 'utf8')) as Readonly<Record<string, string>>;
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
