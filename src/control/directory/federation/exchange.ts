// Exchanges a foreign token for one of ours, as `WorkloadIdentityCredential` asks: a client-credentials request whose client
// assertion is of another issuer. Everything else of the token endpoint is the protocol library's.
import { decodeJwt } from 'jose';
import type { Application, Directory } from '../directory.ts';
import { findApplication } from '../find-principal.ts';
import { entraBody } from '../issuer/entra-error.ts';
import { signAppToken, type TokenSigning } from '../issuer/identity-token.ts';
import { ACCESS_TOKEN_SECONDS } from '../issuer/token-claims.ts';
import { requestedExchange } from './exchange-form.ts';
import { ExchangeRefused, refused, unmatched } from './exchange-refused.ts';
import type { FederatedCredential } from './federated-credentials.ts';
import { matchesSubject } from './match-subject.ts';

/** What a foreign token must be for, and nothing else with it. */
export const EXCHANGE_AUDIENCE = 'api://AzureADTokenExchange';

const MAX_ASSERTION = 16 * 1024;

export interface AssertionTrust {
  readonly issuer: string;
  readonly discovery?: string;
  readonly jwksUri?: string;
  readonly ca?: string;
}

export type VerifiedAssertion =
  | { readonly outcome: 'verified'; readonly claims: Readonly<Record<string, unknown>> }
  /** `reason` is for the client and holds nothing of the assertion. */
  | { readonly outcome: 'refused'; readonly reason: string }
  | { readonly outcome: 'unavailable'; readonly reason: string };

/** Signature, issuer and time. */
export type VerifyAssertion = (assertion: string, trust: AssertionTrust) => Promise<VerifiedAssertion>;

export interface ExchangeRules extends TokenSigning {
  readonly audiences: ReadonlySet<string>;
  readonly credentials: () => Promise<readonly FederatedCredential[]>;
  readonly verifyAssertion: VerifyAssertion;
}

export interface ExchangeAnswer {
  readonly status: number;
  readonly json: Readonly<Record<string, unknown>>;
}

/** Undefined: not of another issuer; for the protocol library. */
export async function exchangeAssertion(
  form: URLSearchParams,
  rules: ExchangeRules,
): Promise<ExchangeAnswer | undefined> {
  const assertion = form.get('client_assertion');
  const clientId = form.get('client_id');
  if (assertion === null || clientId === null) return undefined;
  const issuer = issuerOf(assertion);
  // An application's own assertion has its id there (RFC 7523 §3).
  if (issuer === undefined || !issuer.startsWith('https://')) return undefined;
  try {
    return await exchange(form, { assertion, clientId, issuer }, rules);
  } catch (error) {
    if (error instanceof ExchangeRefused) return { status: error.status, json: entraBody(error.code, rules.now()) };
    throw error;
  }
}

async function exchange(
  form: URLSearchParams,
  { assertion, clientId, issuer }: { readonly assertion: string; readonly clientId: string; readonly issuer: string },
  rules: ExchangeRules,
): Promise<ExchangeAnswer> {
  const audience = requestedExchange(form, rules.audiences);
  if (assertion.length > MAX_ASSERTION) throw refused(50027, 'The client assertion is too long.');
  const application = confidential(rules.directory, clientId);
  const credentials = (await rules.credentials()).filter(
    (each) => each.application === application.appId && each.issuer === issuer,
  );
  const [trust] = credentials;
  if (trust === undefined) throw unmatched(700211, 'issuer');
  const verified = await rules.verifyAssertion(assertion, trust);
  if (verified.outcome === 'unavailable') {
    throw new ExchangeRefused(503, {
      code: 90033,
      error: 'temporarily_unavailable',
      text: `${verified.reason}. Try again.`,
    });
  }
  if (verified.outcome === 'refused')
    throw refused(700027, `The client assertion failed validation: ${verified.reason}.`);
  const { aud, sub } = verified.claims;
  if (aud !== EXCHANGE_AUDIENCE && !(Array.isArray(aud) && aud.length === 1 && aud[0] === EXCHANGE_AUDIENCE)) {
    throw unmatched(700212, `audience: it must be ${EXCHANGE_AUDIENCE} alone`);
  }
  if (typeof sub !== 'string' || !credentials.some((each) => matchesSubject(each, sub)))
    throw unmatched(700213, 'subject');
  const { token, notBefore, expiresOn } = await signAppToken(
    rules,
    { oid: application.oid, clientId: application.appId },
    audience,
  );
  const v1 =
    form.get('resource') === null
      ? {}
      : { resource: audience, not_before: String(notBefore), expires_on: String(expiresOn) };
  return {
    status: 200,
    json: {
      token_type: 'Bearer',
      expires_in: ACCESS_TOKEN_SECONDS,
      ext_expires_in: ACCESS_TOKEN_SECONDS,
      ...v1,
      access_token: token,
    },
  };
}

function confidential(directory: Directory, clientId: string): Application {
  const application = findApplication(directory, clientId);
  if (application !== undefined && application.redirectUris === undefined) return application;
  throw new ExchangeRefused(400, {
    code: 700016,
    error: 'unauthorized_client',
    text: 'The application with this identifier was not found in the directory.',
  });
}

/** Unverified: it says only whom to ask. */
function issuerOf(assertion: string): string | undefined {
  try {
    const { iss } = decodeJwt(assertion);
    return typeof iss === 'string' ? iss : undefined;
  } catch {
    return undefined; // no JWT: the library refuses it with the right error
  }
}
