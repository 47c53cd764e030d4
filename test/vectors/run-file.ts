// Runs every case of a file and holds what came of it against what the file says. What is left out has a reason, which
// becomes part of the table.
import assert from 'node:assert/strict';
import type { Hsm } from './hsm.ts';
import { type Case, type Group, readGroups } from './wycheproof.ts';

/** Where a case went: through HTTPS, or, where a file has public keys alone, into the engine of the module. */
export type Through = 'HTTPS' | 'engine' | 'formats';

/** Not run, or not to be judged, and why. Whoever says so has checked that the case is refused. */
export interface LeftOut {
  readonly why: string;
}

export type Outcome = { readonly taken: boolean; readonly through: Through } | LeftOut;

export interface FileRow {
  readonly file: string;
  readonly operation: string;
  readonly run: (hsm: Hsm, test: Case, group: Group) => Promise<Outcome>;
}

export interface FileResult {
  readonly file: string;
  readonly operation: string;
  readonly cases: number;
  readonly through: ReadonlyMap<Through, number>;
  readonly leftOut: ReadonlyMap<string, number>;
}

const AT_ONCE = 16;

/** @throws AssertionError naming every case that went otherwise than the file says */
export async function runFile(hsm: Hsm, { file, operation, run }: FileRow): Promise<FileResult> {
  const cases = readGroups(file).flatMap((group) => group.tests.map((test) => ({ group, test })));
  const through = new Map<Through, number>();
  const leftOut = new Map<string, number>();
  const wrong: string[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let one = cases[next++]; one !== undefined; one = cases[next++]) {
      const { test, group } = one;
      const outcome = await run(hsm, test, group).catch((cause: unknown) => {
        throw new Error(`${file}, case ${test.tcId} (${test.comment})`, { cause });
      });
      if ('why' in outcome) count(leftOut, outcome.why);
      else {
        count(through, outcome.through);
        // "acceptable" may go either way.
        const expected = test.result === 'acceptable' ? outcome.taken : test.result === 'valid';
        if (outcome.taken !== expected) wrong.push(`${test.tcId} (${test.comment}) is ${test.result}`);
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  assert.deepEqual(wrong, [], file);
  return { file, operation, cases: cases.length, through, leftOut };
}

function count<K>(map: Map<K, number>, key: K): void {
  map.set(key, (map.get(key) ?? 0) + 1);
}
