// For tests: records in memory that feed the roles, and can let another worker commit between plan and commit.
import { feeding } from '../../store/sealed/follow-records.ts';
import type { Change, Head, Records } from '../../store/sealed/records.ts';
import { openRoles, type Roles } from './evaluate.ts';

export interface MemoryRecords {
  readonly roles: Roles;
  readonly records: Records;
  /** Runs once, after the next plan was made and before it is committed: that plan is then made again. */
  race: ((commit: (changes: readonly Change[]) => void) => void) | undefined;
  readonly commits: readonly (readonly Change[])[];
}

export function memoryRecords(): MemoryRecords {
  const roles = openRoles();
  const commits: (readonly Change[])[] = [];
  let head: Head = { sequence: 0, hash: 'h0' };

  function commit(changes: readonly Change[]): void {
    head = { sequence: head.sequence + 1, hash: `h${head.sequence + 1}` };
    commits.push(changes);
    for (const change of changes) feeding(roles.follows)(change);
  }

  const made: MemoryRecords = {
    roles,
    commits,
    race: undefined,
    records: {
      get head() {
        return head;
      },
      refresh: () => undefined,
      async update(plan) {
        let changes = plan();
        if (made.race !== undefined) {
          made.race(commit);
          made.race = undefined;
          changes = plan();
        }
        if (changes.length > 0) commit(changes);
        return head;
      },
      async [Symbol.asyncDispose]() {},
    },
  };
  return made;
}
