// Exchanges a foreign token for one of ours, as `WorkloadIdentityCredential` asks: a client-credentials request whose client
// assertion is of another issuer. Everything else of the token endpoint is the protocol library's.
import { decodeJwt } from 'jose/jwt/decode';
import type { ControlAnswer } from '../../../http/control-row.ts';
import type { Application, Directory } from '../directory.ts';
import { findApplication } from '../find-principal.ts';
import { audienceOfScope } from '../issuer/audience.ts';
import { type EntraCode, entraBody, unknownApplication, unknownResource } from '../issuer/entra-error.ts';
import { v1Members } from '../issuer/issue-tokens.ts';
import { ACCESS_TOKEN_SECONDS, signAppToken, type TokenSigning } from '../issuer/token-claims.ts';
import type { FederatedCredential } from './federated-credentials.ts';
import { matchesSubject } from './match-subject.ts';

/** What a foreign token must be for, and nothing else with it. */
const EXCHANGE_AUDIENCE = 'api://AzureADTokenExchange';

const MAX_ASSERTION = 16 * 1024;

export type AssertionTrust = Pick<FederatedCredential, 'issuer' | 'discovery' | 'jwksUri' | 'ca'>;

type VerifiedAssertion =
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

/** Undefined: not of another issuer; for the protocol library. */
export async function exchangeAssertion(
  form: URLSearchParams,
  rules: ExchangeRules,
): Promise<ControlAnswer | undefined> {
  const assertion = form.get('client_assertion');
  const clientId = form.get('client_id');
  if (assertion === null || clientId === null) return undefined;
  const issuer = issuerOf(assertion);
  // An application's own assertion has its id there (RFC 7523 §3).
  if (issuer === undefined || !issuer.startsWith('https://')) return undefined;
  try {
    return await exchange(form, { assertion, clientId, issuer }, rules);
  } catch (error) {
    if (!(error instanceof ExchangeRefused)) throw error;
    const headers = error.status === 503 ? { 'retry-after': '30' } : {};
    return { status: error.status, headers, json: entraBody(error.code, rules.now()) };
  }
}

async function exchange(
  form: URLSearchParams,
  { assertion, clientId, issuer }: { readonly assertion: string; readonly clientId: string; readonly issuer: string },
  rules: ExchangeRules,
): Promise<ControlAnswer> {
  const audience = requestedAudience(form, rules.audiences);
  if (assertion.length > MAX_ASSERTION) throw refused(50027, 'The client assertion is too long.');
  const application = confidential(rules.directory, clientId);
  const credentials = (await rules.credentials()).filter(
    (each) => each.application === application.appId && each.issuer === issuer,
  );
  const [trust] = credentials;
  if (trust === undefined) throw unmatched(700211, 'issuer');
  const verified = await rules.verifyAssertion(assertion, trust);
  if (verified.outcome === 'unavailable') {
    throw new ExchangeRefused(503, 90033, 'temporarily_unavailable', `${verified.reason}. Try again.`);
  }
  if (verified.outcome === 'refused')
    throw refused(700027, `The client assertion failed validation: ${verified.reason}.`);
  const { aud, sub } = verified.claims;
  if (aud !== EXCHANGE_AUDIENCE && !(Array.isArray(aud) && aud.length === 1 && aud[0] === EXCHANGE_AUDIENCE)) {
    throw unmatched(700212, `audience: it must be ${EXCHANGE_AUDIENCE} alone`);
  }
  if (typeof sub !== 'string' || !credentials.some((each) => matchesSubject(each, sub)))
    throw unmatched(700213, 'subject');
  const bearer = { oid: application.oid, clientId: application.appId };
  const { token, notBefore } = await signAppToken(rules, bearer, audience);
  return {
    json: {
      token_type: 'Bearer',
      expires_in: ACCESS_TOKEN_SECONDS,
      ext_expires_in: ACCESS_TOKEN_SECONDS,
      ...(form.has('resource') ? v1Members(audience, notBefore) : {}),
      access_token: token,
    },
  };
}

const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

/** The audience that is asked for. @throws ExchangeRefused */
function requestedAudience(form: URLSearchParams, audiences: ReadonlySet<string>): string {
  const names = [...form.keys()];
  if (new Set(names).size !== names.length) throw malformed('a parameter is given twice');
  if (form.get('grant_type') !== 'client_credentials') {
    const text = 'A token of another issuer is exchanged with the grant client_credentials only.';
    throw new ExchangeRefused(400, 70003, 'unsupported_grant_type', text);
  }
  if (form.get('client_assertion_type') !== ASSERTION_TYPE)
    throw malformed(`client_assertion_type must be ${ASSERTION_TYPE}`);
  if (form.has('client_secret')) throw malformed('either client_secret or client_assertion');
  const audience = form.get('resource') ?? audienceIn(form.get('scope') ?? '');
  if (audience === undefined) {
    const text = 'The scope must be one resource followed by /.default.';
    throw new ExchangeRefused(400, 70011, 'invalid_scope', text);
  }
  if (audiences.has(audience)) return audience;
  const { code, error, text } = unknownResource;
  throw new ExchangeRefused(400, code, error, text);
}

function audienceIn(scope: string): string | undefined {
  try {
    return audienceOfScope(scope);
  } catch {
    return undefined;
  }
}

function confidential(directory: Directory, clientId: string): Application {
  const application = findApplication(directory, clientId);
  if (application !== undefined && application.redirectUris === undefined) return application;
  const { code, error, text } = unknownApplication;
  throw new ExchangeRefused(400, code, error, text);
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

/** Why an exchange is refused, in Entra's numbers. */
class ExchangeRefused extends Error {
  override readonly name = 'ExchangeRefused';
  readonly status: number;
  readonly code: EntraCode & { readonly error: string };
  constructor(status: number, code: number, error: string, text: string) {
    super(text);
    this.status = status;
    this.code = { code, error, text };
  }
}

function malformed(reason: string): ExchangeRefused {
  return new ExchangeRefused(400, 900144, 'invalid_request', `The request is malformed: ${reason}.`);
}

function refused(code: number, text: string): ExchangeRefused {
  return new ExchangeRefused(401, code, 'invalid_client', text);
}

function unmatched(code: number, what: string): ExchangeRefused {
  return refused(code, `No matching federated identity record found for presented assertion ${what}.`);
}
