// Token endpoint errors as Entra's clients expect them: the OAuth error, a text that starts with an AADSTS number, and
// `error_codes`. The number comes from what was asked and which class of error the protocol library raised.
import { randomUUID } from 'node:crypto';
import { errors, type OidcContext } from 'oidc-provider';

export interface EntraCode {
  readonly code: number;
  readonly text: string;
  /** Where Entra's OAuth error or status differs from the library's. */
  readonly error?: string;
  readonly status?: number;
}

const wrongSecret: EntraCode = {
  code: 7000215,
  text: 'Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID.',
};
export const unknownApplication = {
  code: 700016,
  text: 'The application with this identifier was not found in the directory.',
  error: 'unauthorized_client',
  status: 400,
};
const wrongAssertion: EntraCode = { code: 700027, text: 'The client assertion failed validation.' };
const noCredential: EntraCode = {
  code: 7000218,
  text: "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.",
};
const wrongPassword: EntraCode = {
  code: 50126,
  text: 'Error validating credentials due to invalid username or password.',
};
export const unknownResource = {
  code: 500011,
  text: 'The resource principal named in the request was not found in the tenant.',
  error: 'invalid_resource',
};
const byError: ReadonlyMap<string, EntraCode> = new Map([
  ['authorization_pending', { code: 70016, text: 'The user has not yet signed in. Continue to poll.' }],
  ['expired_token', { code: 70020, text: 'The provided device code has expired.' }],
  ['invalid_grant', { code: 70000, text: 'The provided grant is invalid, expired or was used before.' }],
  ['invalid_scope', { code: 70011, text: 'The provided value for the input parameter scope is not valid.' }],
  ['unsupported_grant_type', { code: 70003, text: 'The app requested an unsupported grant type.' }],
  ['invalid_request', { code: 900144, text: 'The request is malformed.' }],
]);
const other: EntraCode = { code: 90014, text: 'The request cannot be processed.' };

/** `status`, `error` and `description` are the library's; `now` in milliseconds. */
export function entraError(
  failure: { readonly status: number; readonly error: string; readonly description: string | undefined },
  cause: Error | undefined,
  oidc: OidcContext | undefined,
  now: number,
) {
  const { code, text, error = failure.error, status = failure.status } = choose(failure.error, cause, oidc);
  const reason = failure.error === 'invalid_request' ? (failure.description ?? text) : text;
  return { status, body: entraBody({ code, text: reason, error }, now) };
}

/** `now` in milliseconds. */
export function entraBody(
  { code, text, error }: EntraCode & { readonly error: string },
  now: number,
): Readonly<Record<string, unknown>> {
  const trace = randomUUID();
  const timestamp = new Date(now).toISOString().replace('T', ' ').replace(/\..*/, 'Z');
  return {
    error,
    error_description: `AADSTS${code}: ${text} Trace ID: ${trace} Correlation ID: ${trace} Timestamp: ${timestamp}`,
    error_codes: [code],
    timestamp,
    trace_id: trace,
    correlation_id: trace,
  };
}

function choose(error: string, cause: Error | undefined, oidc: OidcContext | undefined): EntraCode {
  if (cause instanceof errors.InvalidClientAuth) {
    if (oidc?.client === undefined) return unknownApplication;
    if (oidc.params.client_assertion !== undefined) return wrongAssertion;
    return oidc.params.client_secret === undefined ? noCredential : wrongSecret;
  }
  if (cause instanceof errors.InvalidTarget) return unknownResource;
  if (error === 'invalid_grant' && oidc?.params.grant_type === 'password') return wrongPassword;
  return byError.get(error) ?? other;
}
