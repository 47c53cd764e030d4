// The issuer's paths in Entra's and ADFS's shapes. They only say where things are: the protocol library answers.
import type { IncomingMessage } from 'node:http';
import {
  type ControlAnswer,
  ControlError,
  type ControlRequest,
  type ControlRow,
  handled,
} from '../../../http/control-row.ts';
import type { ExchangeRules } from '../federation/exchange.ts';
import type { Issuer } from './create-issuer.ts';
import { describeOpenId, tokenPaths } from './discovery.ts';
import { signInRows } from './sign-in-rows.ts';

export function issuerRows(issuer: Issuer, exchange: ExchangeRules): readonly ControlRow[] {
  const { tenantId, domain } = issuer.directory;
  const tenants = new Set([tenantId, domain, 'organizations', 'common', 'adfs']);
  const checkTenant = ({ params }: ControlRequest): string => {
    const tenant = (params.tenant ?? 'adfs').toLowerCase();
    if (!tenants.has(tenant)) {
      throw new ControlError(400, 'invalid_tenant', `AADSTS90002: Tenant '${tenant.slice(0, 64)}' not found.`);
    }
    return tenant;
  };
  const get = (path: string, handle: (request: ControlRequest) => ControlAnswer) =>
    handled('login', 'GET', path, handle);
  const begin = (method: 'GET' | 'POST', path: string, to: (request: ControlRequest) => string): ControlRow => ({
    host: 'login',
    method,
    path,
    beginsSignIn: true,
    // An application may show its secret as it asks for a device code.
    ...(method === 'POST' ? { signsIn: true } : {}),
    async pass(request, req, res) {
      checkTenant(request);
      rejectLong(req);
      return (await issuer.library()).pass(request.origin, to(request), req, res);
    },
  });
  const keys = (request: ControlRequest): ControlAnswer => {
    checkTenant(request);
    return { json: issuer.jwks };
  };
  const openId = (request: ControlRequest): ControlAnswer => ({
    json: describeOpenId(request.origin, checkTenant(request), tenantId, issuer.issuer),
  });
  return [
    get('/:tenant/v2.0/.well-known/openid-configuration', openId),
    get('/:tenant/.well-known/openid-configuration', openId),
    get('/:tenant/discovery/v2.0/keys', keys),
    get('/:tenant/discovery/keys', keys),
    get('/common/discovery/instance', (request) => discoverInstance(request, tenantId)),
    // Nobody is federated: 404 makes clients go on with the password grant.
    get('/common/userrealm/:user', () => {
      throw new ControlError(404, 'not_found', 'No federation is configured.');
    }),
    ...tokenPaths.map(
      (path): ControlRow => ({
        host: 'login',
        method: 'POST',
        path,
        signsIn: true,
        async pass(request, req, res) {
          checkTenant(request);
          const { answerExchange } = await import('../federation/answer-exchange.ts');
          const exchanged = await answerExchange(exchange, req);
          return exchanged ?? (await issuer.library()).pass(request.origin, '/token', req, res);
        },
      }),
    ),
    begin('POST', '/:tenant/oauth2/v2.0/devicecode', () => '/device/auth'),
    begin('POST', '/:tenant/oauth2/devicecode', () => '/device/auth'),
    begin('GET', '/:tenant/oauth2/v2.0/authorize', authorizePath),
    begin('GET', '/:tenant/oauth2/authorize', authorizePath),
    ...signInRows(issuer),
  ];
}

/** Far more than any client says; with the number of entries it bounds the memory that sign-ins take before anybody has shown who they are. */
const LONGEST_BEGINNING = 8 * 1024;

function rejectLong({ url = '', headers }: IncomingMessage): void {
  // A body of unknown length is as good as too long: no client sends one.
  const body = headers['transfer-encoding'] === undefined ? Number(headers['content-length'] ?? 0) : Infinity;
  if (url.length + body <= LONGEST_BEGINNING) return;
  throw new ControlError(413, 'invalid_request', `A sign-in is begun with ${LONGEST_BEGINNING} characters at most.`);
}

/** Entra's prompts have no counterpart in the library except `none`; everything else means: show the sign-in page. */
function authorizePath({ query }: ControlRequest): string {
  const forwarded = new URLSearchParams(query);
  if (forwarded.get('prompt') !== 'none') forwarded.set('prompt', 'login');
  return `/auth?${forwarded}`;
}

function discoverInstance({ origin }: ControlRequest, tenantId: string): ControlAnswer {
  const host = new URL(origin).host;
  return {
    json: {
      tenant_discovery_endpoint: `${origin}/${tenantId}/v2.0/.well-known/openid-configuration`,
      'api-version': '1.1',
      metadata: [{ preferred_network: host, preferred_cache: host, aliases: [host] }],
    },
  };
}
