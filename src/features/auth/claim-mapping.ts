// Which claims of an issuer say what. The names of Entra ID unless the configuration says otherwise; an issuer that does
// not number people and groups by GUIDs gets them made, always the same for the same issuer and name.
import { createHash } from 'node:crypto';
import { isGuid } from '../../formats/guid.ts';
import type { ClaimMapping, ClaimName } from '../../http/claim-mapping.ts';
import { AuthError } from './bearer.ts';
import type { Claims } from './token-text.ts';

/** Namespace of the GUIDs that are made (RFC 9562 §5.5). */
const NAMESPACE = Buffer.from('6f1d2f0a7a7c5c0e9d0b5a3f1c2e4d68', 'hex');

export function claimOf(claims: Claims, name: ClaimName): unknown {
  let value: unknown = claims;
  for (const step of typeof name === 'string' ? [name] : name) {
    if (typeof value !== 'object' || value === null || Array.isArray(value) || !Object.hasOwn(value, step))
      return undefined;
    value = (value as Readonly<Record<string, unknown>>)[step];
  }
  return value;
}

/**
 * The object id that stands for a name which an issuer gives: GUID version 5 of issuer and name, so that no issuer can
 * name somebody of another.
 */
export function derivedObjectId(issuer: string, kind: 'principal' | 'group', name: string): string {
  const hash = createHash('sha1')
    .update(NAMESPACE)
    .update(JSON.stringify([issuer, kind, name]))
    .digest()
    .subarray(0, 16);
  hash[6] = ((hash[6] ?? 0) & 0x0f) | 0x50;
  hash[8] = ((hash[8] ?? 0) & 0x3f) | 0x80;
  return hash.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

const DERIVED = /^.{14}5.{4}[89ab]/i;

/**
 * Whether a GUID could be one that is made here. Anybody can work out which belongs to whom, so an issuer that gives GUIDs
 * itself gives none of these where another one's are made.
 */
function looksDerived(guid: string): boolean {
  return DERIVED.test(guid);
}

/** Who gave the ids in a token. */
export interface IdSource {
  /** Its own name (`iss`). */
  readonly issuer: string;
  /** Ids are made for people of another trusted issuer. */
  readonly besideDerived?: boolean;
}

/** @throws AuthError NoObjectId */
export function objectIdIn(
  claims: Claims,
  { issuer, besideDerived = false }: IdSource,
  { objectId = 'oid', ids = 'guid' }: ClaimMapping,
): string {
  const value = claimOf(claims, objectId);
  if (ids === 'derived') {
    if (typeof value === 'string' && value !== '' && value.length <= 512)
      return derivedObjectId(issuer, 'principal', value);
    throw new AuthError('NoObjectId', `The token does not say who the caller is (claim ${printed(objectId)}, a text)`);
  }
  if (typeof value === 'string' && isGuid(value)) {
    if (!besideDerived || !looksDerived(value)) return value.toLowerCase();
    throw new AuthError(
      'NoObjectId',
      `The object id of the token (claim ${printed(objectId)}) is a GUID version 5, and those stand for people of another issuer here`,
    );
  }
  throw new AuthError(
    'NoObjectId',
    `The token has no object id (claim ${printed(objectId)}, a GUID), which is what roles are assigned to`,
  );
}

/**
 * An issuer that left groups out for number says so in `_claim_names` or `hasgroups`; a part of them must not pass for the whole.
 * @throws AuthError Malformed, GroupsOverage
 */
export function groupsIn(
  claims: Claims,
  { issuer, besideDerived = false }: IdSource,
  { groups: name = 'groups', groupsSeparator, ids = 'guid', overage = 'none' }: ClaimMapping,
): readonly string[] {
  if (areGroupsLeftOut(claims, name)) {
    if (overage === 'none') return [];
    throw new AuthError(
      'GroupsOverage',
      'The issuer left the groups out of the token because there are too many, and this HSM wants them all: have it send only the groups assigned to the application',
    );
  }
  const found = claimOf(claims, name);
  if (found === undefined) return [];
  const groups =
    groupsSeparator !== undefined && typeof found === 'string'
      ? found.split(groupsSeparator).filter((group) => group !== '')
      : found;
  if (!Array.isArray(groups) || !groups.every((group) => typeof group === 'string')) {
    throw new AuthError('Malformed', `The claim ${printed(name)} is not a list of strings`);
  }
  const own =
    ids === 'derived'
      ? groups.map((group) => derivedObjectId(issuer, 'group', group))
      : groups.filter((group) => isGuid(group) && !(besideDerived && looksDerived(group)));
  return [...new Set(own.map((group) => group.toLowerCase()))];
}

/** Whether the issuer says that it left them out: where they are instead or, in tokens of the implicit flow, that there are some. */
export function areGroupsLeftOut(claims: Claims, name: ClaimName = 'groups'): boolean {
  const elsewhere = claims['_claim_names'];
  const { hasgroups } = claims;
  if (name === 'groups' && (hasgroups === true || hasgroups === 'true')) return true;
  const first = typeof name === 'string' ? name : (name[0] ?? '');
  return typeof elsewhere === 'object' && elsewhere !== null && Object.hasOwn(elsewhere, first);
}

function printed(name: ClaimName): string {
  return typeof name === 'string' ? name : name.join('.');
}
