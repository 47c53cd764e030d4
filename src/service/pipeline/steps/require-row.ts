// Refuses what has no row, and versions that the row does not have.
import { hasVersion, IMPLIED_API_VERSION, isKnownApiVersion } from '../../../http/api-version.ts';
import type { Call, Step } from '../../../http/call.ts';
import type { AnyRow } from '../../../http/route.ts';
import type { Router } from '../../../http/router.ts';
import { ServiceError } from '../../../http/service-error.ts';
import { isServedTo } from './assign-row.ts';

/** A key, and nothing of what may be done with it: so `/keys//create` reads, which clients send for a name left empty. */
const KEY = /^\/keys\/[^/]+$/i;

export function requireRow(router: Router): Step {
  return (call: Call): void => {
    if (call.row === undefined) {
      // A bad request and no wrong method, as the service has it: SDKs have an exception of its own for that.
      if (call.request.method === 'POST' && KEY.test(call.path) && isServedTo(call.host?.kind, call.path)) {
        throw new ServiceError('BadParameter', 'Operation not specified: POST takes /keys/{name}/{operation}');
      }
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
