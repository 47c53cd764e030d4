// What trusting an attestation authority needs where duties are separated: it decides who can have exportable keys out, so
// somebody else agrees to exactly this authority with exactly these keys. Who that is and how they agree is not known here.
import { createHash } from 'node:crypto';
import type { Principal } from '../../../http/principal.ts';
import type { GrantHeaders } from '../../../http/route.ts';
import { ServiceError } from '../../../http/service-error.ts';
import type { Change, Head } from '../../../store/sealed/records.ts';
import type { TrustedAuthority } from './trusted.ts';

/** What is agreed to. */
export interface TrustRequest {
  readonly operation: 'trustAuthority';
  /** What it is called in this HSM. */
  readonly name: string;
  readonly authority: string;
  readonly keys: TrustedAuthority['keys']['kind'];
  /** SHA-256, hex, of the member `jwks` or `fetch` as JSON without spaces: `jq -cj .jwks trust.json | sha256sum`. */
  readonly sha256: string;
}

/** `given`: it may be trusted, and `changes` belongs to that commit. `asked`: only `changes` is made, and it is refused. */
export type TrustAnswer =
  | { readonly state: 'given'; readonly changes: readonly Change[]; readonly note: string }
  | { readonly state: 'asked'; readonly changes: readonly Change[]; readonly refusal: ServiceError };

export interface TrustApproval {
  /** Why it is done, as the request says. @throws ServiceError BadParameter */
  readonly reasonOf: (grantHeaders: GrantHeaders) => string | undefined;
  /** For plans: on the state that is committed to. @throws ServiceError Conflict when too many wait */
  readonly judge: (
    wanted: TrustRequest,
    asker: { readonly principal: Principal; readonly reason: string | undefined },
  ) => TrustAnswer;
}

export function trustRequestOf(name: string, { authority, keys }: TrustedAuthority): TrustRequest {
  const said = keysOnWire(keys);
  const sha256 = createHash('sha256')
    .update(JSON.stringify(said.jwks ?? said.fetch), 'utf8')
    .digest('hex');
  return { operation: 'trustAuthority', name, authority, keys: keys.kind, sha256 };
}

/** As the request and the answer have them. */
export function keysOnWire(keys: TrustedAuthority['keys']): { readonly jwks?: unknown; readonly fetch?: object } {
  return keys.kind === 'pinned' ? { jwks: keys.jwks } : { fetch: keys.ca === undefined ? {} : { ca: keys.ca } };
}

/** What was committed to ask for it is put on record with the refusal. */
export function refusalOf({ refusal, changes }: TrustAnswer & { readonly state: 'asked' }, head: Head): ServiceError {
  if (changes.length === 0) return refusal;
  const { code, message, innerCode } = refusal;
  return new ServiceError(code, message, { head, ...(innerCode === undefined ? {} : { innerCode }) });
}
