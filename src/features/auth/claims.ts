// From verified claims to a principal: audience, tenant, time and identity. Runs only after the signature held.
import { given } from '../../formats/given.ts';
import { type ClaimMapping, type ClaimName, identifiesPeople, type PersonClaim } from '../../http/claim-mapping.ts';
import type { Principal } from '../../http/principal.ts';
import { AuthError } from './bearer.ts';
import { areGroupsLeftOut, claimOf, groupsIn, type IdSource, objectIdIn } from './claim-mapping.ts';
import type { Claims } from './token-text.ts';

interface Expected extends IdSource {
  readonly audiences: readonly string[];
  readonly tenantId: string;
  /** Unix seconds. */
  readonly now: number;
  /** Seconds that the issuer's clock may be ahead of ours. There is none for `exp`: expired is expired. */
  readonly clockSkew?: number;
  readonly mapping?: ClaimMapping;
}

/** Where the configuration says nothing, in seconds. */
const DEFAULT_CLOCK_SKEW = 60;

/** @throws AuthError */
export function readPrincipal(claims: Claims, expected: Expected): Principal {
  const { audiences, tenantId, now, clockSkew, mapping = {} } = expected;
  checkAudience(claims.aud, audiences);
  if (mapping.tenant !== null) checkTenant(claimOf(claims, mapping.tenant ?? 'tid'), tenantId);
  const expiresAt = checkTime(claims, now, clockSkew, '; compare the clocks of this machine and the issuer');
  const appId = applicationIn(claims, mapping);
  const upn = textIn(claims, mapping.userName ?? 'upn');
  const identity = given({ oid: objectIdIn(claims, expected, mapping), appId, upn });
  return {
    ...identity,
    tenantId: tenantId.toLowerCase(),
    idType: idTypeOf(claims, mapping),
    groups: groupsIn(claims, expected, mapping),
    ...(areGroupsLeftOut(claims, mapping.groups) ? { groupsLeftOut: true as const } : {}),
    expiresAt,
    cacheIdentityJson: identityJson(identity),
  };
}

/** RFC 7519 §4.1.3: one string or a list of them. */
function checkAudience(aud: unknown, audiences: readonly string[]): void {
  const named: readonly unknown[] = Array.isArray(aud) ? aud : [aud];
  if (named.some((one) => typeof one === 'string' && audiences.includes(one))) return;
  throw new AuthError(
    'WrongAudience',
    `The token is not for this service: its audience must be ${audiences.join(' or ')}`,
  );
}

function checkTenant(tid: unknown, tenantId: string): void {
  if (typeof tid === 'string' && tid.toLowerCase() === tenantId.toLowerCase()) return;
  throw new AuthError('WrongTenant', `The token is not of tenant ${tenantId}, to which this HSM belongs`);
}

/** @param hint what to do about a token of the future @returns when it ends @throws AuthError */
export function checkTime(
  { exp, nbf }: Claims,
  now: number,
  clockSkew: number = DEFAULT_CLOCK_SKEW,
  hint: string = '',
): number {
  if (typeof exp !== 'number') throw new AuthError('Malformed', 'The token says no time of expiry (claim exp)');
  if (nbf !== undefined && typeof nbf !== 'number') throw new AuthError('Malformed', 'The claim nbf is not a number');
  if (now >= exp) throw new AuthError('Expired', 'The token has expired');
  if (nbf !== undefined && now < nbf - clockSkew) {
    throw new AuthError('NotYetValid', `The token is not valid yet${hint}`);
  }
  return exp;
}

function applicationIn(claims: Claims, { application }: ClaimMapping): string | undefined {
  return application === undefined ? (textIn(claims, 'appid') ?? textIn(claims, 'azp')) : textIn(claims, application);
}

function textIn(claims: Claims, name: ClaimName): string | undefined {
  const value = claimOf(claims, name);
  if (value === undefined) return undefined;
  if (typeof value === 'string' && value.length <= 512) return value;
  throw new AuthError('Malformed', 'A claim that names the client or user (appid, azp, upn) is not a short string');
}

/**
 * A person only where that is said: by the configured mark, or as Entra ID says it (`idtyp`, else by what only its users
 * have). What another issuer writes into `scp` or a user's name it may well write for programs too.
 */
function idTypeOf(claims: Claims, mapping: ClaimMapping): 'app' | 'user' {
  const { applicationMark, personMark } = mapping;
  if (applicationMark !== undefined && bears(claims, applicationMark)) return 'app';
  if (personMark !== undefined) return personMark !== null && bears(claims, personMark) ? 'user' : 'app';
  if (!identifiesPeople(mapping)) return 'app';
  if (applicationMark !== undefined) return 'user';
  const { idtyp, scp, upn } = claims;
  if (idtyp === 'app' || idtyp === 'user') return idtyp;
  return scp !== undefined || upn !== undefined ? 'user' : 'app';
}

function bears(claims: Claims, { claim, value }: PersonClaim): boolean {
  const found = claimOf(claims, claim);
  return found === value || (Array.isArray(found) && found.includes(value));
}

/** The `identity` member of audit records, in the service's own shape. */
function identityJson({ oid, appId, upn }: Pick<Principal, 'oid' | 'appId' | 'upn'>): string {
  return JSON.stringify({
    claim: {
      appid: appId,
      http_schemas_microsoft_com_identity: { claims: { objectidentifier: oid } },
      http_schemas_xmlsoap_org_ws_2005_05_identity: upn === undefined ? undefined : { claims: { upn } },
    },
  });
}
