// What the configuration says of an issuer's claims. Applied in `features/auth/claim-mapping.ts`.

/** A claim by its name, or by the names on the way to it (`['realm_access', 'roles']`). */
export type ClaimName = string | readonly string[];

export interface ClaimMapping {
  /** Who the caller is; absent: `oid`. */
  readonly objectId?: ClaimName;
  /** The tenant; absent: `tid`. `null`: the issuer has one tenant, which is the instance's. */
  readonly tenant?: ClaimName | null;
  /** The client that asked for the token, for the record; absent: `appid`, else `azp`. */
  readonly application?: ClaimName;
  /** The name of a user, for the record; absent: `upn`. */
  readonly userName?: ClaimName;
  /** A list of groups; absent: `groups`. */
  readonly groups?: ClaimName;
  /** What stands between the groups where the issuer writes them as one text; absent: they are a list. */
  readonly groupsSeparator?: string;
  /** What object ids and groups look like; absent: `guid`. `derived`: any text, from which a GUID is made. */
  readonly ids?: 'guid' | 'derived';
  /** What becomes of a caller whose groups the issuer left out for number; absent: `none`, they count as in no group. */
  readonly overage?: 'none' | 'refuse';
  /** Tokens that have it are of an application; absent: what Entra ID says (`idtyp`). */
  readonly applicationMark?: ClaimMark;
  /** Only tokens that have it are of a person; `null`: none is. Absent: what Entra ID says, where ids are as it gives them. */
  readonly personMark?: ClaimMark | null;
}

/** The claim is this text, or a list that has it. */
export interface ClaimMark {
  readonly claim: ClaimName;
  readonly value: string;
}

/**
 * Whether it is known which of its tokens are of people. Issuers that name people otherwise than Entra ID does have marks of
 * their own, and often give programs what only users have there; so they have to say what theirs is.
 */
export function tellsPeople({ objectId = 'oid', ids = 'guid', personMark }: ClaimMapping): boolean {
  return personMark !== undefined || (objectId === 'oid' && ids === 'guid');
}
