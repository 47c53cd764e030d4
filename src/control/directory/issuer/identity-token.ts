// Access tokens of managed identities, and of applications that another issuer vouched for: no client of the protocol
// library has authenticated, so they are signed here, with the same key and in the same form as all others.
import { randomBytes } from 'node:crypto';
import { importJWK, SignJWT } from 'jose';
import type { Directory } from '../directory.ts';
import { groupsOf } from '../find-principal.ts';
import type { SigningKey } from './signing-key.ts';
import { ACCESS_TOKEN_SECONDS } from './token-claims.ts';

export interface TokenSigning {
  readonly directory: Directory;
  readonly signingKey: SigningKey;
  /** `iss` of every token. */
  readonly issuer: string;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

export interface SignedToken {
  readonly token: string;
  /** Seconds since 1970. */
  readonly notBefore: number;
  readonly expiresOn: number;
}

export interface Bearer {
  readonly oid: string;
  readonly clientId: string;
}

/** How the client proved itself: 2 is anything better than a secret. */
const ACR = '2';

export async function signAppToken(
  { directory, signingKey, issuer, now }: TokenSigning,
  { oid, clientId }: Bearer,
  audience: string,
): Promise<SignedToken> {
  const seconds = Math.floor(now() / 1000);
  const expiresOn = seconds + ACCESS_TOKEN_SECONDS;
  const groups = groupsOf(directory, oid);
  const claims = {
    appid: clientId,
    appidacr: ACR,
    idp: issuer,
    idtyp: 'app',
    oid,
    tid: directory.tenantId,
    uti: randomBytes(16).toString('base64url'),
    ver: '1.0',
    ...(groups.length === 0 ? {} : { groups }),
  };
  const token = await new SignJWT(claims)
    .setProtectedHeader({ alg: 'RS256', typ: 'JWT', kid: signingKey.kid, x5t: signingKey.kid })
    .setIssuer(issuer)
    .setAudience(audience)
    .setSubject(oid)
    .setIssuedAt(seconds)
    .setNotBefore(seconds)
    .setExpirationTime(expiresOn)
    .sign(await importJWK(signingKey.privateJwk, 'RS256'));
  return { token, notBefore: seconds, expiresOn };
}
