// Who calls, and whether they may: the bearer token, verified, or the challenge; then what the instance answers at all now;
// then a local role. There is no other way to be let in, but for what a row itself allows: seeing the end of one's own
// restore, after it has replaced the roles.
import { AuthError } from '../../features/auth/bearer.ts';
import { readBearer, type TokenVerifier } from '../../features/auth/verify-token.ts';
import { requireKeyName } from '../../features/keys/key-name.ts';
import { findDataAction } from '../../features/roles/data-actions.ts';
import type { Roles } from '../../features/roles/evaluate.ts';
import { KEYS_SCOPE, keyScope, ROOT_SCOPE, type Scope } from '../../features/roles/scope.ts';
import type { AuthorisedCall, Call, IdentifiedCall, KnownCall, NamedCall } from '../../http/call.ts';
import type { Throttle } from '../../http/limits/request-limits.ts';
import type { Principal } from '../../http/principal.ts';
import type { AnyRow, HostKind } from '../../http/route.ts';
import { ServiceError } from '../../http/service-error.ts';
import type { Commit, Records } from '../../store/sealed/records.ts';

export interface CallerParts {
  /** By the kind of name that the caller used: a token is good for one kind only. */
  readonly verifiers: Readonly<Record<HostKind, TokenVerifier>>;
  readonly throttle: Throttle;
  /** A promise while this worker is still learning of a ceremony that another ran. */
  readonly isActive: () => boolean | Promise<boolean>;
  readonly isRestoring: () => boolean;
  /** Why operations are refused for want of a witness of the log; undefined: they are not. */
  readonly witnessed: { readonly why: string | undefined };
  readonly roles: Roles;
  readonly records: Pick<Records, 'head'>;
}

type RightsParts = Pick<CallerParts, 'roles' | 'records'>;

/** @throws ServiceError Unauthorized, ServiceUnavailable, Throttled; or rejects with one */
export function identify(
  call: NamedCall,
  { verifiers, throttle }: CallerParts,
): IdentifiedCall | Promise<IdentifiedCall> {
  let principal: Principal | Promise<Principal>;
  try {
    principal = verifiers[call.host.kind].verify(readBearer(call.request.headers.authorization));
  } catch (error) {
    return refuse(error);
  }
  if (principal instanceof Promise) return principal.then((late) => admit(call, late, throttle), refuse);
  return admit(call, principal, throttle);
}

function admit(call: Call, principal: Principal, throttle: Throttle): IdentifiedCall {
  call.principal = principal;
  call.tokenShown();
  throttle.principal(principal.oid);
  return call as IdentifiedCall;
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

/** @throws ServiceError Unauthorized */
export function requireUnexpired({ principal }: KnownCall): void {
  if (Date.now() / 1000 < principal.expiresAt) return;
  throw new ServiceError('Unauthorized', 'The token expired before the request was complete', { innerCode: 'Expired' });
}

/** Before the security domain is taken, nothing works but taking it, or taking one over. @throws ServiceError Forbidden */
export function requireActivated({ row }: KnownCall, { isActive }: CallerParts): void | Promise<void> {
  if (row.activation === 'any') return;
  const active = isActive();
  return active instanceof Promise ? active.then(check) : check(active);
}

function check(active: boolean): void {
  if (active) return;
  throw new ServiceError(
    'Forbidden',
    'The HSM is not activated. Download the security domain first: az keyvault security-domain download, or upload that ' +
      'of the HSM that this one replaces',
    { innerCode: 'NotActivated' },
  );
}

/** While a full restore replaces everything, or no witness signs the log, nothing is answered but how far a restore is. @throws ServiceError ServiceUnavailable */
export function rejectWhileShut({ row }: KnownCall, { isRestoring, witnessed }: CallerParts): void {
  if (row.duringRestore === true) return;
  if (witnessed.why !== undefined) {
    throw new ServiceError('ServiceUnavailable', witnessed.why, { innerCode: 'NoWitness', retryAfter: 60 });
  }
  if (!isRestoring()) return;
  throw new ServiceError(
    'ServiceUnavailable',
    'The HSM is being restored from a full backup and answers nothing but the status of the restore until that has ended',
    { innerCode: 'RestoreInProgress' },
  );
}

/** On the state as it is now; may be asked again of a call that was authorised before. @throws ServiceError AccessDenied */
export function authorise<C extends KnownCall>(call: C, { roles, records }: RightsParts): C & AuthorisedCall {
  const { row, params, principal } = call;
  const scope = scopeOf(row, params);
  const asked: Call = call;
  asked.scope = scope.path;
  // What allowed it before allows it no more, and a refusal is on record as one.
  asked.grant = undefined;
  const found = roles.isAllowed(principal, row.dataAction, scope);
  const grant = found?.grant ?? row.alsoAllows?.(params, principal);
  if (grant === undefined) {
    const action = findDataAction(row.dataAction);
    const isWithheld = action !== undefined && roles.isWithheld(principal, action);
    throw new ServiceError(
      'AccessDenied',
      `Not authorized to access ${row.dataAction} on ${scope.path}: principal ${principal.oid} ` +
        (isWithheld
          ? 'holds no local role that counts for an application, as duties are separated here: a person has to do this'
          : 'holds no local role with this data action there'),
      isWithheld ? { innerCode: 'PersonRequired' } : {},
    );
  }
  // Of what a row allows by itself nobody knows what ends it.
  asked.grantedAt = found !== undefined && found.expiresAt === undefined ? records.head.sequence : undefined;
  asked.grant = grant;
  return call as C & AuthorisedCall;
}

/** The same where anything that it was found on can have changed since. @throws ServiceError AccessDenied */
export function authoriseAgain(call: AuthorisedCall, parts: CallerParts): void {
  if (call.grantedAt !== parts.records.head.sequence) authorise(call, parts);
}

/** With the caller's right, on the state that is committed to. */
export function committing(call: AuthorisedCall, parts: RightsParts & { readonly commit: Commit }): Commit {
  return async (plan, entries) => {
    const { grant, grantedAt } = call;
    let refusal: unknown;
    try {
      return await parts.commit(() => {
        try {
          authorise(call, parts);
          return plan();
        } catch (error) {
          refusal = error;
          throw error;
        }
      }, entries);
    } catch (error) {
      // What was found on a state that never came to be is not on record, and nothing goes by it.
      if (error !== refusal) Object.assign<Call, Partial<Call>>(call, { grant, grantedAt });
      throw error;
    }
  };
}

function scopeOf(row: AnyRow, params: Readonly<Record<string, string | undefined>>): Scope {
  switch (row.scope) {
    case 'root':
      return ROOT_SCOPE;
    case 'keys':
      return KEYS_SCOPE;
    case 'key':
      return keyScope(requireKeyName(params['name']));
  }
}
