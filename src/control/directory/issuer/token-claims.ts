// What stands in an access token: the v1 form of Entra's tokens, whatever endpoint was used to get it.
import { createHash, randomBytes } from 'node:crypto';
import type { Directory } from '../directory.ts';
import { findApplication, findUser, groupsOf } from '../find-principal.ts';

export const ACCESS_TOKEN_SECONDS = 3600;

export interface TokenSubject {
  readonly appId: string;
  /** Absent: the application itself. */
  readonly userOid: string | undefined;
  readonly audience: string;
  /** How the application proved itself: 0 not at all, 1 secret, 2 certificate. */
  readonly appIdAcr: '0' | '1' | '2';
}

/** `now` in seconds. @throws when the subject is no longer in the directory */
export function accessTokenClaims(
  directory: Directory,
  issuer: string,
  subject: TokenSubject,
  now: number,
): Record<string, unknown> {
  const application = findApplication(directory, subject.appId);
  if (application === undefined) throw new Error('a token was asked for an application that does not exist');
  const common = {
    aud: subject.audience,
    iss: issuer,
    iat: now,
    nbf: now,
    exp: now + ACCESS_TOKEN_SECONDS,
    appid: application.appId,
    appidacr: subject.appIdAcr,
    idp: issuer,
    tid: directory.tenantId,
    uti: randomBytes(16).toString('base64url'),
    ver: '1.0',
  };
  if (subject.userOid === undefined) {
    return {
      ...common,
      idtyp: 'app',
      oid: application.oid,
      sub: application.oid,
      ...groupsClaim(directory, application.oid),
    };
  }
  const user = findUser(directory, subject.userOid);
  if (user === undefined) throw new Error('a token was asked for a user that does not exist');
  return {
    ...common,
    idtyp: 'user',
    amr: ['pwd'],
    oid: user.oid,
    sub: pairwise(user.oid, application.appId),
    name: user.displayName,
    upn: user.upn,
    unique_name: user.upn,
    scp: 'user_impersonation',
    ...groupsClaim(directory, user.oid),
  };
}

/** A user's `sub` differs from application to application; `oid` is the one that does not. */
export function pairwise(oid: string, appId: string): string {
  return createHash('sha256').update(`${oid} ${appId}`).digest('base64url');
}

function groupsClaim(directory: Directory, oid: string): { groups?: readonly string[] } {
  const groups = groupsOf(directory, oid);
  return groups.length === 0 ? {} : { groups };
}
