// Refuses what has no row, and versions that the row does not have.
import { hasVersion, IMPLIED_API_VERSION, isKnownApiVersion } from '../../wire/api-version.ts';
import type { AnyRow } from '../../wire/route.ts';
import { ServiceError } from '../../wire/service-error.ts';
import type { Call, Step } from '../call.ts';
import type { Router } from '../router.ts';
import { isServedTo } from './assign-row.ts';

export function requireRow(router: Router): Step {
  return (call: Call): void => {
    if (call.row === undefined) {
      // Under other names than the HSM's own, paths that are not for those names are no paths.
      const served = call.host?.kind === 'hsm' && isServedTo('hsm', call.path);
      const methods = served ? router.methodsOf(call.path) : [];
      if (methods.length === 0)
        throw new ServiceError('NotFound', `There is no operation at ${call.path.slice(0, 200)}`);
      throw new ServiceError('MethodNotAllowed', `This path takes ${methods.join(', ')}`);
    }
    call.apiVersion = requireApiVersion(call, call.row);
  };
}

function requireApiVersion(call: Call, row: AnyRow): string {
  const version = call.query.get('api-version') ?? IMPLIED_API_VERSION;
  if (!isKnownApiVersion(version)) {
    throw new ServiceError('BadParameter', `api-version '${version.slice(0, 40)}' is not known; 7.6 is`);
  }
  if (!hasVersion(version, row.since, row.until)) {
    const implied = call.query.has('api-version') ? '' : ', which a request without api-version is served as';
    throw new ServiceError('NotFound', `There is no such operation in api-version ${version}${implied}`);
  }
  return version;
}
