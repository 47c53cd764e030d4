// Who calls: the bearer token, verified, or the challenge.
import { AuthError, readBearer } from '../../../features/auth/bearer.ts';
import type { TokenVerifier } from '../../../features/auth/verify-token.ts';
import type { Call, Step } from '../../../http/call.ts';
import type { Throttle } from '../../../http/limits/request-limits.ts';
import type { Principal } from '../../../http/principal.ts';
import type { HostKind } from '../../../http/route.ts';
import { ServiceError } from '../../../http/service-error.ts';

/** @param verifiers by the kind of name that the caller used: a token is good for one kind only */
export function authenticate(verifiers: Readonly<Record<HostKind, TokenVerifier>>, throttle: Throttle): Step {
  return (call: Call): void | Promise<void> => {
    const known = (principal: Principal): void => {
      call.principal = principal;
      call.tokenShown();
      throttle.principal(principal.oid);
    };
    const refuse = (error: unknown): never => {
      throw translate(error);
    };
    let verified: Principal;
    try {
      const principal = verifiers[call.host?.kind ?? 'hsm'].verify(readBearer(call.request.headers.authorization));
      if (principal instanceof Promise) return principal.then(known, refuse);
      verified = principal;
    } catch (error) {
      return refuse(error);
    }
    known(verified);
  };
}

function translate(error: unknown): unknown {
  if (!(error instanceof AuthError)) return error;
  if (error.code === 'IssuerUnavailable') {
    return new ServiceError('ServiceUnavailable', 'The token issuer cannot be reached to check this token; try again', {
      cause: error,
    });
  }
  return new ServiceError('Unauthorized', error.message, { cause: error, innerCode: error.code });
}
