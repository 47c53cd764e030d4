// Who calls, as proven by a token. What they may do is for the roles to say.

export interface Principal {
  /** Object id, lower case: what role assignments name. */
  readonly oid: string;
  readonly tenantId: string;
  readonly appId?: string;
  readonly upn?: string;
  readonly idType: 'app' | 'user';
  /** Group object ids of the token, lower case; empty when the issuer left them out for number. */
  readonly groups: readonly string[];
  /** The issuer left the groups out of the token for number: roles held through them cannot count. */
  readonly groupsLeftOut?: true;
  /** Unix seconds; the token is not honoured from then on. */
  readonly expiresAt: number;
  /** JSON text for the record's `identity` member. */
  readonly cacheIdentityJson: string;
}
