import { isoTime } from '../../formats/iso-time.ts';
import type { Principal } from '../../http/principal.ts';
import type { Commit } from '../../store/sealed/records.ts';
import { type OwnAct, part } from '../part.ts';
import { definitionKind } from './custom-roles.ts';
import { assignmentDetail } from './entry-details.ts';
import { openRoles, type Roles } from './evaluate.ts';
import { expireDue, nextExpiry, planRemovalAtKey } from './expire-due.ts';
import { assignmentKind } from './role-records.ts';
import { roleRows } from './rows.ts';
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
  relatedWrites: (has) => ({ purge: (name) => planRemovalAtKey(name, has.roles) }),
  serve: (service: Service) => ({
    rows: roleRows({ ...service, duties: service.roleDuties }),
    jobs: [
      {
        name: 'removal of grants that have ended',
        nextDue: () => nextExpiry(service.roles),
        run: () =>
          expireDue({
            ...service,
            expired(assignment, head) {
              const { name, principalId, definition, scope, expiresAt = 0 } = assignment;
              return service.record({
                operationName: 'RoleAssignmentExpire',
                description:
                  `Assignment ${name} of the role ${definition} to ${principalId} at ${scope.path} ended ` +
                  `${isoTime(expiresAt)}, as was said when it was made.`,
                detail: assignmentDetail(assignment, service.roles),
                head,
              });
            },
          }),
      },
    ],
  }),
});
