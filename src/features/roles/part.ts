import { isoTime } from '../../formats/iso-time.ts';
import type { Principal } from '../../http/principal.ts';
import { type Commit, commitPlanned } from '../../store/sealed/records.ts';
import { type OwnAct, part } from '../part.ts';
import { assignmentDetail } from './entry-details.ts';
import { openRoles, type Roles } from './evaluate.ts';
import { grantCensus } from './grant-census.ts';
import { assignmentKind, definitionKind } from './role-records.ts';
import { roleRows } from './rows.ts';
import { keyScope } from './scope.ts';
import type { SeparationRules } from './separation-rules.ts';

interface Needs {
  readonly now: () => number;
  readonly instancePolicy: { readonly isStrict: boolean };
}

interface Service {
  readonly roles: Roles;
  readonly now: () => number;
  readonly roleDuties: (caller: Principal) => SeparationRules;
  readonly commit: Commit;
  readonly record: (act: OwnAct) => Promise<void>;
}

export const roles = part({
  kinds: [definitionKind, assignmentKind],
  keep: ({ now, instancePolicy }: Needs) => ({ roles: openRoles({ now, separation: instancePolicy }) }),
  relatedWrites: (has) => ({
    // A new key of that name is another key, and starts with nobody's rights.
    purge: (key) => [...has.roles.assignmentsAt(keyScope(key))].map(({ name }) => assignmentKind.remove(name)),
  }),
  serve: (service: Service) => ({
    rows: roleRows({ ...service, duties: service.roleDuties }),
    gauges: () => grantCensus(service.roles, service.now()),
    jobs: [
      {
        name: 'removal of grants that have ended',
        nextDue: () => nextExpiry(service.roles),
        run: () => expireDue(service),
      },
    ],
  }),
});

/** When the next grant ends. */
function nextExpiry(roles: Roles): number | undefined {
  let next: number | undefined;
  for (const { expiresAt } of roles.assignments()) {
    if (expiresAt !== undefined && (next === undefined || expiresAt < next)) next = expiresAt;
  }
  return next;
}

/** In one commit, at most: before all its entries are on record nobody commits upon it. */
const ENDED_TOGETHER = 64;

/**
 * Removes grants that have ended. They allow nothing from their second on, whether or not this has run; it keeps the list of
 * assignments to what holds, and puts the end on record.
 */
async function expireDue(service: Service): Promise<void> {
  while ((await expireSome(service)) === ENDED_TOGETHER);
}

async function expireSome({ roles, commit, now, record }: Service): Promise<number> {
  const { ended, head } = await commitPlanned(
    commit,
    () => {
      // On the state that is committed to: another worker may have removed them.
      const time = now();
      const ended = [...roles.assignments()]
        .filter(({ expiresAt }) => expiresAt !== undefined && expiresAt <= time)
        .slice(0, ENDED_TOGETHER);
      return { ended, changes: ended.map(({ name }) => assignmentKind.remove(name)) };
    },
    ({ length }) => length,
  );
  for (const assignment of ended) {
    const { name, principalId, definition, scope, expiresAt = 0 } = assignment;
    await record({
      operationName: 'RoleAssignmentExpire',
      description:
        `Assignment ${name} of the role ${definition} to ${principalId} at ${scope.path} ended ` +
        `${isoTime(expiresAt)}, as was said when it was made.`,
      detail: assignmentDetail(assignment, roles),
      head,
    });
  }
  return ended.length;
}
