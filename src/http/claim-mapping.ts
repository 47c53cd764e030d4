// What the configuration says of an issuer's claims. Applied in `features/auth/claim-mapping.ts`.

import { list, matching, oneOf, type Reader, record, ShapeError, text } from '../formats/shape.ts';

const claimName = matching(/^[^\0\r\n]{1,256}$/, 'the name of a claim');
/** A claim by its name, or by the names on the way to it (`['realm_access', 'roles']`). */
export type ClaimName = string | readonly string[];
const claim: Reader<ClaimName> = (value, path) =>
  typeof value === 'string' ? claimName(value, path) : filled(list(claimName, 8)(value, path), path);

/** The claim is this text, or a list that has it. */
const mark = record({ claim, value: text });
export type PersonClaim = ReturnType<typeof mark>;

export const readClaimMapping = record(
  {},
  {
    /** Who the caller is; absent: `oid`. */
    objectId: claim,
    /** The tenant; absent: `tid`. `null`: the issuer has one tenant, which is the instance's. */
    tenant: orNull(claim),
    /** The client that asked for the token, for the record; absent: `appid`, else `azp`. */
    application: claim,
    /** The name of a user, for the record; absent: `upn`. */
    userName: claim,
    /** A list of groups; absent: `groups`. */
    groups: claim,
    /** What stands between the groups where the issuer writes them as one text; absent: they are a list. */
    groupsSeparator: matching(/^[\x20-\x7e]$/, 'one character'),
    /** What object ids and groups look like; absent: `guid`. `derived`: any text, from which a GUID is made. */
    ids: oneOf('guid', 'derived'),
    /** What becomes of a caller whose groups the issuer left out for number; absent: `none`, they count as in no group. */
    overage: oneOf('none', 'refuse'),
    /** Tokens that have it are of an application; absent: what Entra ID says (`idtyp`). */
    applicationMark: mark,
    /** Only tokens that have it are of a person; `null`: none is. Absent: what Entra ID says, where ids are as it gives them. */
    personMark: orNull(mark),
  },
);
export type ClaimMapping = ReturnType<typeof readClaimMapping>;

function orNull<T>(read: Reader<T>): Reader<T | null> {
  return (value, path) => (value === null ? null : read(value, path));
}

/** @throws ShapeError */
export function filled<T>(values: readonly T[], path: string): readonly T[] {
  if (values.length === 0) throw new ShapeError(`${path} must not be empty`);
  return values;
}

/**
 * Whether it is known which of its tokens are of people. Issuers that name people otherwise than Entra ID does have marks of
 * their own, and often give programs what only users have there; so they have to say what theirs is.
 */
export function identifiesPeople({ objectId = 'oid', ids = 'guid', personMark }: ClaimMapping): boolean {
  return personMark !== undefined || (objectId === 'oid' && ids === 'guid');
}
