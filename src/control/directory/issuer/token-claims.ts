// What stands in an access token: the v1 form of Entra's tokens, whatever endpoint was used to get it. Those of managed identities,
// and of applications that another issuer vouched for, are signed here, with the same key as all others: no client of the protocol
// library has authenticated.
import { createHash, randomBytes } from 'node:crypto';
import { SignJWT } from 'jose/jwt/sign';
import { importJWK } from 'jose/key/import';
import type { Directory } from '../directory.ts';
import { findApplication, findUser, groupsOf } from '../find-principal.ts';
import type { SigningKey } from './signing-key.ts';

export const ACCESS_TOKEN_SECONDS = 3600;

/** Whose tokens these are. */
interface Issuing {
  readonly directory: Directory;
  /** `iss` of every token. */
  readonly issuer: string;
}

export interface TokenSigning extends Issuing {
  readonly signingKey: SigningKey;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

interface TokenClient {
  readonly appId: string;
  readonly audience: string;
  /** How the application proved itself: 0 not at all, 1 secret, 2 anything better than a secret. */
  readonly appIdAcr: '0' | '1' | '2';
}

/** Of the access token of whoever has this object id. @param now seconds */
function commonClaims({ directory, issuer }: Issuing, client: TokenClient, oid: string, now: number) {
  const groups = groupsOf(directory, oid);
  return {
    aud: client.audience,
    iss: issuer,
    iat: now,
    nbf: now,
    exp: now + ACCESS_TOKEN_SECONDS,
    appid: client.appId,
    appidacr: client.appIdAcr,
    idp: issuer,
    tid: directory.tenantId,
    uti: randomBytes(16).toString('base64url'),
    ver: '1.0',
    oid,
    ...(groups.length === 0 ? {} : { groups }),
  };
}

/** @param userOid absent: the application itself @param now seconds @throws when the subject is no longer in the directory */
export function accessTokenClaims(
  issuing: Issuing,
  client: TokenClient,
  userOid: string | undefined,
  now: number,
): Record<string, unknown> {
  const application = findApplication(issuing.directory, client.appId);
  if (application === undefined) throw new Error('a token was asked for an application that does not exist');
  const { appId, oid } = application;
  if (userOid === undefined) {
    return { ...commonClaims(issuing, { ...client, appId }, oid, now), idtyp: 'app', sub: oid };
  }
  const user = findUser(issuing.directory, userOid);
  if (user === undefined) throw new Error('a token was asked for a user that does not exist');
  return {
    ...commonClaims(issuing, { ...client, appId }, user.oid, now),
    idtyp: 'user',
    amr: ['pwd'],
    sub: pairwise(user.oid, appId),
    name: user.displayName,
    upn: user.upn,
    unique_name: user.upn,
    scp: 'user_impersonation',
  };
}

/** @returns the token, and from when and until when it holds in seconds since 1970 */
export async function signAppToken(
  { signingKey, now, ...issuing }: TokenSigning,
  { oid, clientId: appId }: { readonly oid: string; readonly clientId: string },
  audience: string,
) {
  const notBefore = Math.floor(now() / 1000);
  const claims = commonClaims(issuing, { appId, audience, appIdAcr: '2' }, oid, notBefore);
  const token = await new SignJWT({ ...claims, idtyp: 'app', sub: oid })
    .setProtectedHeader({ alg: 'RS256', typ: 'JWT', kid: signingKey.kid, x5t: signingKey.kid })
    .sign(await importJWK(signingKey.privateJwk, 'RS256'));
  return { token, notBefore, expiresOn: claims.exp };
}

/** A user's `sub` differs from application to application; `oid` is the one that does not. */
export function pairwise(oid: string, appId: string): string {
  return createHash('sha256').update(`${oid} ${appId}`).digest('base64url');
}
