// The bearer token of a request, still unverified, and the reasons for which one is refused.

export type AuthErrorCode =
  | 'Missing' // no Authorization header
  | 'Malformed' // not a bearer token, or not a signed JWT of the kind that access tokens are
  | 'BadSignature' // algorithm, key or signature; deliberately one code
  | 'WrongIssuer'
  | 'WrongAudience'
  | 'WrongTenant'
  | 'Expired'
  | 'NotYetValid'
  | 'GroupsOverage' // groups were left out, and the configuration wants them all
  | 'NoObjectId' // nobody that a role assignment could name
  | 'IssuerUnavailable'; // could not be decided: the issuer's keys cannot be had

/** Its text is for the client and holds nothing of the token. */
export class AuthError extends Error {
  override readonly name = 'AuthError';
  readonly code: AuthErrorCode;
  constructor(code: AuthErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** Characters of the token. Those of Entra ID have 1 to 4 thousand; the most groups it writes fit as well. */
export const MAX_TOKEN = 16 * 1024;

const SCHEME = 'bearer ';

/** The token of an Authorization header (RFC 6750 §2.1). @throws AuthError Missing, Malformed */
export function readBearer(header: string | undefined): string {
  if (header === undefined) throw new AuthError('Missing', 'The request has no bearer token');
  if (header.length > SCHEME.length + MAX_TOKEN) {
    throw new AuthError('Malformed', `The Authorization header is longer than a token of ${MAX_TOKEN} characters`);
  }
  // RFC 9110 §11.1: the scheme is compared without regard to case.
  if (header.slice(0, SCHEME.length).toLowerCase() !== SCHEME) {
    throw new AuthError('Malformed', 'The Authorization header must be "Bearer", one space and the token');
  }
  const token = header.slice(SCHEME.length);
  if (token === '' || token.includes(' ')) {
    throw new AuthError('Malformed', 'The Authorization header must be "Bearer", one space and the token');
  }
  return token;
}
