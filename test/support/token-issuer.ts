// A token issuer for tests of the data plane: one RSA key, a JWKS over TLS, and tokens of any shape one asks for.
import { createPublicKey, type KeyObject } from 'node:crypto';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { SignJWT } from 'jose';
import type { Issued } from '../../src/deployment/dev-ca/issue.ts';
import { takeRsaKey } from './test-keys.ts';

export interface TokenIssuer extends AsyncDisposable {
  readonly issuer: string;
  readonly audience: string;
  readonly tenantId: string;
  readonly jwksUri: string;
  readonly privateKey: KeyObject;
  /** Its keys cannot be had. */
  away: boolean;
  /** A token for this principal, valid for an hour; claims replace or (undefined) remove the usual ones. */
  token(oid: string, claims?: Readonly<Record<string, unknown>>): Promise<string>;
}

export async function startTokenIssuer(tenantId: string, certificate: Issued): Promise<TokenIssuer> {
  const privateKey = takeRsaKey();
  const jwk = { ...createPublicKey(privateKey).export({ format: 'jwk' }), kid: 'test-key', use: 'sig', alg: 'RS256' };
  const server = createServer({ key: certificate.key, cert: certificate.certificate }, (request, response) => {
    if (made.away) return request.destroy();
    return response.setHeader('content-type', 'application/json').end(JSON.stringify({ keys: [jwk] }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const issuer = `https://sts.windows.net/${tenantId}/`;
  const audience = 'https://managedhsm.azure.net';
  const made: TokenIssuer = {
    issuer,
    audience,
    tenantId,
    privateKey,
    away: false,
    jwksUri: `https://127.0.0.1:${(server.address() as AddressInfo).port}/keys`,
    token(oid, claims = {}) {
      const now = Math.floor(Date.now() / 1000);
      const usual = {
        iss: issuer,
        aud: audience,
        tid: tenantId,
        oid,
        sub: oid,
        appid: oid,
        idtyp: 'app',
        nbf: now - 1,
        iat: now,
        exp: now + 3600,
      };
      const all = Object.entries({ ...usual, ...claims }).filter(([, value]) => value !== undefined);
      return new SignJWT(Object.fromEntries(all))
        .setProtectedHeader({ alg: 'RS256', kid: 'test-key', typ: 'JWT' })
        .sign(privateKey);
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return made;
}
