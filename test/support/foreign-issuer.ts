// Another OIDC issuer, as a Kubernetes cluster or a CI system has one: a discovery document, keys that rotate, and tokens of
// any content.
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { SignJWT } from 'jose';
import { type Issued, issueServer } from '../../src/deployment/dev-ca/issue.ts';

export interface ForeignIssuer extends AsyncDisposable {
  readonly issuer: string;
  readonly discovery: string;
  readonly requests: readonly string[];
  /** While set, every request is answered with this status. */
  failing: number | undefined;
  /** What the document says instead of the truth. */
  document: Readonly<Record<string, unknown>>;
  /** Signs with a new key from now on; the old one is gone from the set. */
  rotate(): void;
  /** An assertion as Kubernetes projects it; claims replace or (undefined) remove the usual ones. */
  token(claims?: Readonly<Record<string, unknown>>, header?: Readonly<Record<string, unknown>>): Promise<string>;
}

export const SERVICE_ACCOUNT = 'system:serviceaccount:payments:worker';

export async function startForeignIssuer(authority: Issued): Promise<ForeignIssuer> {
  const certificate = issueServer(authority, ['127.0.0.1'], new Date());
  const requests: string[] = [];
  let count = 0;
  const newKey = (): { readonly kid: string; readonly publicKey: KeyObject; readonly privateKey: KeyObject } => {
    count += 1;
    return { kid: `key-${count}`, ...generateKeyPairSync('rsa', { modulusLength: 2048 }) };
  };
  let key = newKey();
  const server = createServer({ key: certificate.key, cert: certificate.certificate }, (request, response) => {
    requests.push(request.url ?? '');
    response.setHeader('content-type', 'application/json');
    if (made.failing !== undefined) {
      response.writeHead(made.failing, { location: `${made.issuer}/keys` }).end('{}');
      return;
    }
    const json =
      request.url === '/keys'
        ? { keys: [{ ...key.publicKey.export({ format: 'jwk' }), kid: key.kid, use: 'sig', alg: 'RS256' }] }
        : { issuer: made.issuer, jwks_uri: `${made.issuer}/keys`, ...made.document };
    response.end(JSON.stringify(json));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const issuer = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const made: ForeignIssuer = {
    issuer,
    discovery: `${issuer}/.well-known/openid-configuration`,
    requests,
    failing: undefined,
    document: {},
    rotate() {
      key = newKey();
    },
    token(claims = {}, header = {}) {
      const now = Math.floor(Date.now() / 1000);
      const usual = {
        iss: issuer,
        aud: ['api://AzureADTokenExchange'],
        sub: SERVICE_ACCOUNT,
        iat: now,
        nbf: now,
        exp: now + 600,
      };
      const all = Object.entries({ ...usual, ...claims }).filter(([, value]) => value !== undefined);
      return new SignJWT(Object.fromEntries(all))
        .setProtectedHeader({ alg: 'RS256', kid: key.kid, ...header })
        .sign(key.privateKey);
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return made;
}
