// The rows of the separation mode: show it, and make it strict. There is no way back, and no row for one. Two people make it
// strict together: who administers alone, beside applications, would find out too late.

import { readText, wrongType } from '../../http/body.ts';
import { changesOf } from '../../http/entry-detail.ts';
import { type AnyRow, row } from '../../http/route.ts';
import { ServiceError } from '../../http/service-error.ts';
import { lastingAdministrations } from '../roles/administrators.ts';
import { dataAction } from '../roles/data-actions.ts';
import type { Roles } from '../roles/evaluate.ts';
import { ROOT_SCOPE } from '../roles/scope.ts';
import { readDefinitionTerms } from '../roles/terms.ts';
import { commitAgreed } from '../second-person.ts';
import type { InstancePolicy } from '../settings/instance-policy.ts';
import { requireAdministration } from './decide.ts';
import { type ApprovalService, planSecond } from './second-approver.ts';

const PATH = '/strongroom/separation';
const ACTION = 'Microsoft.KeyVault/managedHsm/settings';
const READ_ASSIGNMENTS = dataAction('roleAssignments/read/action');

export interface SeparationService extends ApprovalService {
  readonly instancePolicy: InstancePolicy;
  /** Why nobody could tell who is a person here, if so. */
  readonly peopleUnknown: string | undefined;
}

export function separationRows(service: SeparationService): readonly AnyRow[] {
  const { instancePolicy, roles, peopleUnknown } = service;
  /** Who they are is for those who may read assignments; how many, for all who may ask. */
  const shape = (principal: Parameters<Roles['isAllowed']>[0]): object => {
    const ids = administratorIds(roles);
    return {
      mode: instancePolicy.current.separation,
      administrators: ids.length,
      ...(roles.isAllowed(principal, READ_ASSIGNMENTS, ROOT_SCOPE) === undefined ? {} : { administratorIds: ids }),
    };
  };
  return [
    row({
      method: 'GET',
      path: PATH,
      operationName: 'SeparationGet',
      dataAction: `${ACTION}/read/action`,
      scope: 'root',
      handle: ({ principal }) => ({ status: 200, body: shape(principal) }),
    }),
    row<'strict'>({
      method: 'POST',
      path: PATH,
      operationName: 'SeparationSet',
      dataAction: `${ACTION}/write/action`,
      scope: 'root',
      readBody: (body) => {
        if (readText(body, 'mode') !== 'strict') throw wrongType('mode', "'strict'; there is no way back to 'azure'");
        return 'strict';
      },
      repeatable: true,
      async handle({ body: separation, principal, commit, grantHeaders }) {
        if (instancePolicy.isStrict) return { status: 200, body: shape(principal) };
        if (peopleUnknown !== undefined) throw new ServiceError('Conflict', peopleUnknown);
        if (principal.idType !== 'user') {
          throw new ServiceError(
            'Forbidden',
            'Duties are separated by two people, and the caller is an application: it administers nothing afterwards',
            { innerCode: 'PersonRequired' },
          );
        }
        const { reason } = readDefinitionTerms(grantHeaders(), service.now());
        const { second, head } = await commitAgreed(commit, () => {
          if (instancePolicy.isStrict) return { changes: [] };
          requireAdministration(principal, roles);
          const second = planSecond({ operation: 'separateDuties' }, reason, principal, service);
          return { second, changes: instancePolicy.plan({ ...instancePolicy.current, separation }) };
        });
        const agreed = second === undefined ? '' : ` ${second.note}`;
        return {
          status: 200,
          body: shape(principal),
          head,
          note: `Duties are separated from now on: strict, for good.${agreed}`,
          detail: { changes: changesOf({ separation: 'azure' }, { separation }), ...second?.detail },
        };
      },
    }),
  ];
}

/** Ids, as they were given: whether one is a person only its tokens tell, and whether anybody has it only the directory. */
function administratorIds(roles: Roles): readonly string[] {
  return [...new Set(lastingAdministrations(roles).map(({ principalId }) => principalId))].sort();
}
