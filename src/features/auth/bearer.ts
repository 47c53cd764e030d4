// The reasons for which a bearer token is refused.

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
