// Lists role definitions. All of them live at `/` and can be assigned at every scope, so each scope answers them all.
import type { Answer } from '../../http/route.ts';
import { ServiceError } from '../../http/service-error.ts';
import type { Roles } from './evaluate.ts';
import { readRoleFilter } from './filter.ts';
import { definitionShape } from './shapes.ts';

export interface ListDefinitions {
  readonly filter: string | undefined;
}

/** @throws ServiceError BadParameter */
export function listDefinitions({ filter }: ListDefinitions, { roles }: { readonly roles: Roles }): Answer {
  if (readRoleFilter(filter).principalId !== undefined) {
    throw new ServiceError(
      'BadParameter',
      '$filter of role definitions cannot name a principal; list role assignments',
    );
  }
  return { status: 200, body: { value: roles.definitions().map(definitionShape) } };
}
