// The rows of the separation mode: show it, and make it strict. There is no way back, and no row for one.
import type { Records } from '../../store/sealed/records.ts';
import { readText, wrongType } from '../../wire/body.ts';
import type { Principal } from '../../wire/principal.ts';
import { type AnyRow, row } from '../../wire/route.ts';
import { ServiceError } from '../../wire/service-error.ts';
import { ADMINISTRATOR } from '../roles/built-in-roles.ts';
import type { Roles } from '../roles/evaluate.ts';
import { ROOT_SCOPE } from '../roles/scope.ts';
import type { Promises } from '../settings/promises.ts';

const PATH = '/strongroom/separation';
const ACTION = 'Microsoft.KeyVault/managedHsm/settings';

export interface SeparationService {
  readonly promises: Promises;
  readonly roles: Roles;
  readonly records: Records;
  /** Why nobody could tell who is a person here, if so. */
  readonly peopleUnknown: string | undefined;
}

export function separationRows({ promises, roles, records, peopleUnknown }: SeparationService): readonly AnyRow[] {
  const shape = (): object => ({
    mode: promises.current.separation,
    administrators: lastingAdministrators(roles).length,
  });
  return [
    row({
      method: 'GET',
      path: PATH,
      operationName: 'SeparationGet',
      dataAction: `${ACTION}/read/action`,
      scope: 'root',
      activation: 'active',
      apiVersionOptional: true,
      repeatable: true,
      handle: () => ({ status: 200, body: shape() }),
    }),
    row<'strict'>({
      method: 'POST',
      path: PATH,
      operationName: 'SeparationSet',
      dataAction: `${ACTION}/write/action`,
      scope: 'root',
      activation: 'active',
      apiVersionOptional: true,
      readBody: (body) => {
        if (readText(body, 'mode') !== 'strict') throw wrongType('mode', "'strict'; there is no way back to 'azure'");
        return 'strict';
      },
      repeatable: true,
      async handle({ body: separation, principal, recheck }) {
        if (promises.isStrict) return { status: 200, body: shape() };
        if (peopleUnknown !== undefined) throw new ServiceError('Conflict', peopleUnknown);
        const head = await records.update(() => {
          recheck();
          if (!promises.isStrict) checkTwo(principal, roles);
          return promises.plan({ ...promises.current, separation });
        });
        return { status: 200, body: shape(), head, note: 'Duties are separated from now on: strict, for good.' };
      },
    }),
  ];
}

/** Object ids with Administrator at `/` that does not end; whether each is a person only its tokens tell. */
function lastingAdministrators(roles: Roles): readonly string[] {
  const all = [...roles.assignmentsAt(ROOT_SCOPE)].filter(
    ({ definition, expiresAt }) => definition === ADMINISTRATOR && expiresAt === undefined,
  );
  return [...new Set(all.map(({ principalId }) => principalId))];
}

/** With fewer than two, nobody could ever approve anything. */
function checkTwo({ oid, idType }: Pick<Principal, 'oid' | 'idType'>, roles: Roles): void {
  const people = lastingAdministrators(roles).filter((id) => idType === 'user' || id !== oid);
  if (people.length >= 2) return;
  throw new ServiceError(
    'Conflict',
    "Duties can be separated once at least two people have 'Managed HSM Administrator' at '/' without an end" +
      (idType === 'app' ? ' (the caller is an application, which will administer nothing then)' : ''),
  );
}
