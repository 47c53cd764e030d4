// The share list of a quorum seal: the seal key, split over custodians' certificates. It has the form of a security-domain
// file without entries, so that whatever opens a custodian's share of the one opens that of the other.
import {
  type Custodian,
  hashOfDomain,
  parseSecurityDomain,
  type SecurityDomainFile,
  sharedKeys,
} from './security-domain.ts';

/** Bound into each share, so that no share of a security domain can be shown as one of a seal, nor the other way round. */
export const SEAL_SHARE_KID = 'strongroom seal share';

export interface ShareList {
  readonly required: number;
  readonly shares: SecurityDomainFile['SharedKeys']['enc_shares'];
  /** What a packet must name. */
  readonly digest: string;
}

/** The shares are in the order of their holders; the caller overwrites them. */
export function writeShareList(
  { instanceId, instanceName }: { readonly instanceId: string; readonly instanceName: string },
  holders: readonly Custodian[],
  shares: readonly Uint8Array[],
  required: number,
): string {
  return JSON.stringify({
    EncData: { data: [], kdf: 'sp108_kdf' },
    SharedKeys: sharedKeys(holders, shares, required, SEAL_SHARE_KID),
    version: 2,
    strongroom_seal: { instanceId, instanceName },
  });
}

/** @throws ShapeError */
export function readShareList(text: string): ShareList {
  const { enc_shares: shares, required } = parseSecurityDomain(text).SharedKeys;
  return { required, shares, digest: hashOfDomain(text) };
}
