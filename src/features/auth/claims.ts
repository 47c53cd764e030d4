// From verified claims to a principal: audience, tenant, time and identity. Runs only after the signature held.
import { isGuid } from '../../formats/guid.ts';
import type { Principal } from '../../wire/principal.ts';
import { AuthError } from './bearer.ts';
import type { Claims } from './token-text.ts';

export interface Expected {
  readonly audiences: readonly string[];
  readonly tenantId: string;
  /** Unix seconds. */
  readonly now: number;
}

/** Seconds that an issuer's clock may be ahead of ours. There is none for `exp`: expired is expired. */
export const NOT_BEFORE_LEEWAY = 60;

/** @throws AuthError */
export function readPrincipal(claims: Claims, { audiences, tenantId, now }: Expected): Principal {
  checkAudience(claims.aud, audiences);
  checkTenant(claims.tid, tenantId);
  const expiresAt = checkTime(claims, now);
  const { oid } = claims;
  if (typeof oid !== 'string' || !isGuid(oid)) {
    throw new AuthError(
      'NoObjectId',
      'The token has no object id (claim oid, a GUID), which is what roles are assigned to',
    );
  }
  const appId = optionalText(claims.appid) ?? optionalText(claims.azp);
  const upn = optionalText(claims.upn);
  const identity = {
    oid: oid.toLowerCase(),
    ...(appId === undefined ? {} : { appId }),
    ...(upn === undefined ? {} : { upn }),
  };
  return {
    ...identity,
    tenantId: tenantId.toLowerCase(),
    idType: idTypeOf(claims),
    groups: groupsOf(claims),
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

function checkTime({ exp, nbf }: Claims, now: number): number {
  if (typeof exp !== 'number') throw new AuthError('Malformed', 'The token says no time of expiry (claim exp)');
  if (nbf !== undefined && typeof nbf !== 'number') throw new AuthError('Malformed', 'The claim nbf is not a number');
  if (now >= exp) throw new AuthError('Expired', 'The token has expired');
  if (nbf !== undefined && now < nbf - NOT_BEFORE_LEEWAY) {
    throw new AuthError('NotYetValid', 'The token is not valid yet; compare the clocks of this machine and the issuer');
  }
  return exp;
}

function optionalText(value: unknown): string | undefined {
  if (value === undefined) return undefined;
  if (typeof value === 'string' && value.length <= 512) return value;
  throw new AuthError('Malformed', 'A claim that names the client or user (appid, azp, upn) is not a short string');
}

/** Entra ID marks app-only tokens (`idtyp`); issuers that don't are told apart by what only users have. */
function idTypeOf({ idtyp, scp, upn }: Claims): 'app' | 'user' {
  if (idtyp === 'app' || idtyp === 'user') return idtyp;
  return scp !== undefined || upn !== undefined ? 'user' : 'app';
}

/**
 * Object ids of groups. An issuer that left them out for number says so in `_claim_names`; then there are none, as a
 * part of them must not pass for the whole. Names that are no GUIDs cannot be assigned a role and are dropped.
 */
function groupsOf({ groups, _claim_names: elsewhere }: Claims): readonly string[] {
  if (typeof elsewhere === 'object' && elsewhere !== null && Object.hasOwn(elsewhere, 'groups')) return [];
  if (groups === undefined) return [];
  if (!Array.isArray(groups) || !groups.every((group) => typeof group === 'string')) {
    throw new AuthError('Malformed', 'The claim groups is not a list of strings');
  }
  return [...new Set(groups.filter(isGuid).map((group) => group.toLowerCase()))];
}

/** The `identity` member of audit records, in the service's own shape. */
function identityJson({ oid, appId, upn }: Pick<Principal, 'oid' | 'appId' | 'upn'>): string {
  return JSON.stringify({
    claim: {
      ...(appId === undefined ? {} : { appid: appId }),
      http_schemas_microsoft_com_identity: { claims: { objectidentifier: oid } },
      ...(upn === undefined ? {} : { http_schemas_xmlsoap_org_ws_2005_05_identity: { claims: { upn } } }),
    },
  });
}
