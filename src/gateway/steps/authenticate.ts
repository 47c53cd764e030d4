// Who calls: the bearer token, verified, or the challenge.
import { AuthError, readBearer } from '../../features/auth/bearer.ts';
import type { TokenVerifier } from '../../features/auth/verify-token.ts';
import type { HostKind } from '../../wire/route.ts';
import { ServiceError } from '../../wire/service-error.ts';
import type { Call, Step } from '../call.ts';

/** @param verifiers by the kind of name that the caller used: a token is good for one kind only */
export function authenticate(verifiers: Readonly<Record<HostKind, TokenVerifier>>): Step {
  return (call: Call): void | Promise<void> => {
    try {
      const principal = verifiers[call.host?.kind ?? 'hsm'].verify(readBearer(call.request.headers.authorization));
      if (!(principal instanceof Promise)) {
        call.principal = principal;
        return;
      }
      return principal.then((verified) => {
        call.principal = verified;
      }, refuse);
    } catch (error) {
      refuse(error);
    }
  };
}

function refuse(error: unknown): never {
  if (!(error instanceof AuthError)) throw error;
  if (error.code === 'IssuerUnavailable') {
    throw new ServiceError('ServiceUnavailable', 'The token issuer cannot be reached to check this token; try again', {
      cause: error,
    });
  }
  throw new ServiceError('Unauthorized', error.message, { cause: error, innerCode: error.code });
}
