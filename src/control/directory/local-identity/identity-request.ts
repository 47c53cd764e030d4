// A local process asks for the token of its managed identity, as on App Service or as on a virtual machine (IMDS). Who it is
// comes from the system (`whoCalls`), never from what it sends; what it sends only shows that it means to ask, and that no
// browser and no proxy asks in its name.
import type { IncomingHttpHeaders } from 'node:http';
import { ownCommand } from '../../../formats/own-command.ts';
import type { ControlAnswer } from '../../../http/control-row.ts';
import type { ManagedIdentity } from '../directory.ts';
import { ACCESS_TOKEN_SECONDS, signAppToken, type TokenSigning } from '../issuer/token-claims.ts';
import { isSameSecret } from '../secret-hash.ts';
import { asksForExecutable, type IdentityBinding, identitiesOf, type LocalCaller } from './bindings.ts';

const APP_SERVICE_PATH = '/msi/token';
const IMDS_PATH = '/metadata/identity/oauth2/token';

export interface IdentityRules extends TokenSigning {
  /** Exact `aud` values that can be asked for. */
  readonly audiences: readonly string[];
  /** What X-IDENTITY-HEADER must be. */
  readonly header: string;
  /** Values of Host under which the endpoint is asked. */
  readonly hosts: readonly string[];
  readonly bindings: () => Promise<readonly IdentityBinding[]>;
}

interface IdentityRequest {
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  readonly headers: IncomingHttpHeaders;
  /** Undefined: the system does not know the connection. */
  readonly whoCalls: (withExecutable: boolean) => Promise<LocalCaller | undefined>;
}

export type IdentityAnswer = Required<Pick<ControlAnswer, 'status' | 'json'>>;

interface Style {
  readonly versions: readonly string[];
  /** Names of the parameters that choose among a caller's identities. */
  readonly selectors: Readonly<Record<string, keyof ManagedIdentity>>;
  check(headers: IncomingHttpHeaders, rules: IdentityRules): IdentityAnswer | undefined;
}

const SELECTORS = {
  client_id: 'clientId',
  object_id: 'oid',
  mi_res_id: 'resourceId',
  msi_res_id: 'resourceId',
} as const;
const STYLES: Readonly<Record<string, Style>> = {
  [APP_SERVICE_PATH]: {
    versions: ['2019-08-01'],
    selectors: { ...SELECTORS, principal_id: 'oid' },
    check: (headers, { header }) =>
      isSameSecret(headers['x-identity-header'], header)
        ? undefined
        : refusal(401, 'unauthorized_client', 'The header X-IDENTITY-HEADER is not the value of IDENTITY_HEADER.'),
  },
  [IMDS_PATH]: {
    versions: ['2018-02-01', '2019-08-01', '2020-06-01', '2021-02-01'],
    selectors: SELECTORS,
    check: ({ metadata }) =>
      typeof metadata === 'string' && metadata.toLowerCase() === 'true'
        ? undefined
        : refusal(400, 'bad_request_102', 'Required metadata header not specified: "Metadata: true".'),
  },
};

export async function answerIdentityRequest(request: IdentityRequest, rules: IdentityRules): Promise<IdentityAnswer> {
  const { method, target, headers, whoCalls } = request;
  // A page of another site that had its name point here would ask under that name.
  if (!rules.hosts.includes((headers.host ?? '').toLowerCase())) {
    return refusal(421, 'misdirected_request', `This endpoint is asked as ${rules.hosts.join(' or ')} only.`);
  }
  if (['x-forwarded-for', 'forwarded', 'via', 'origin'].some((name) => headers[name] !== undefined)) {
    return refusal(400, 'bad_request', 'Requests by way of a proxy or from a page are not answered.');
  }
  const question = target.indexOf('?');
  // The JavaScript SDK puts a slash at the end.
  const path = (question < 0 ? target : target.slice(0, question)).replace(/\/$/, '');
  const style = Object.hasOwn(STYLES, path) ? STYLES[path] : undefined;
  // Not 404, which clients try again and again.
  if (style === undefined) return refusal(400, 'bad_request', `Ask at ${APP_SERVICE_PATH} or ${IMDS_PATH}.`);
  if (method !== 'GET') return refusal(405, 'method_not_allowed', 'Ask with GET.');
  const bad = style.check(headers, rules);
  if (bad !== undefined) return bad;
  const asked = readQuery(question < 0 ? '' : target.slice(question + 1), style, rules.audiences);
  if ('status' in asked) return asked;

  const bindings = await rules.bindings();
  const first = await whoCalls(false);
  if (first === undefined) return unknownCaller();
  const caller = asksForExecutable(bindings, first.uid) ? await whoCalls(true) : first;
  // Between the two questions the connection may have become somebody else's.
  if (caller === undefined || caller.uid !== first.uid) return unknownCaller();
  const own = identitiesOf(bindings, caller).flatMap((oid) =>
    rules.directory.managedIdentities.filter((each) => each.oid === oid),
  );
  const chosen = own.filter((identity) => asked.selected.every(([member, value]) => identity[member] === value));
  const [identity, another] = chosen;
  if (identity === undefined) return unbound(caller, own.length > 0);
  if (another !== undefined) {
    return refusal(
      400,
      'invalid_request',
      `Several identities are bound to user ${caller.uid}; choose with client_id: ${chosen.map((each) => each.clientId).join(', ')}.`,
    );
  }
  const { token, notBefore, expiresOn } = await signAppToken(rules, identity, asked.resource);
  return {
    status: 200,
    json: {
      access_token: token,
      client_id: identity.clientId,
      expires_in: String(ACCESS_TOKEN_SECONDS),
      expires_on: String(expiresOn),
      ext_expires_in: String(ACCESS_TOKEN_SECONDS),
      not_before: String(notBefore),
      resource: asked.resource,
      token_type: 'Bearer',
    },
  };
}

interface Asked {
  readonly resource: string;
  readonly selected: readonly (readonly [keyof ManagedIdentity, string])[];
}

function readQuery(text: string, style: Style, audiences: readonly string[]): Asked | IdentityAnswer {
  const query = new URLSearchParams(text);
  const names = [...query.keys()];
  if (new Set(names).size !== names.length) return refusal(400, 'invalid_request', 'A parameter is given twice.');
  if (!style.versions.includes(query.get('api-version') ?? '')) {
    return refusal(400, 'invalid_request', `The api-version must be one of ${style.versions.join(', ')}.`);
  }
  const resource = query.get('resource') ?? '';
  if (!audiences.includes(resource)) {
    return refusal(400, 'invalid_resource', `The resource must be one of ${audiences.join(', ')}.`);
  }
  const selected = Object.entries(style.selectors).flatMap(([name, member]) => {
    const value = query.get(name);
    return value === null ? [] : [[member, member === 'resourceId' ? value : value.toLowerCase()] as const];
  });
  return { resource, selected };
}

function unknownCaller(): IdentityAnswer {
  return refusal(403, 'access_denied', 'The system does not say which process asks: keep the connection open.');
}

/** Tells the caller who it is, and how its machine's owner can let it in; nothing of other bindings. */
function unbound({ uid, executables }: LocalCaller, hasOther: boolean): IdentityAnswer {
  const program = executables?.[0] === undefined ? '' : ` (${executables.join(', ')})`;
  const what = hasOther ? 'this managed identity' : 'any managed identity';
  return refusal(
    403,
    'access_denied',
    `User ${uid}${program} is not bound to ${what}. Whoever runs this service can bind it: ${ownCommand(`identity bind IDENTITY --user ${uid}`)}`,
  );
}

/** In the words of both styles: clients read one or the other. */
export function refusal(status: number, error: string, message: string): IdentityAnswer {
  return { status, json: { error, error_description: message, statusCode: status, message } };
}
