// The share list of a quorum seal: the seal key, split over custodians' certificates. It has the form of a security-domain
// file without entries, so that whatever opens a custodian's share of the one opens that of the other.
import type { KeyObject } from 'node:crypto';
import { createHash } from 'node:crypto';
import { encryptToRsa } from './jwe-rsa.ts';
import { parseSecurityDomain } from './security-domain.ts';
import { proofHash, proofOfShare } from './share-proof.ts';

/** Bound into each share, so that no share of a security domain can be shown as one of a seal, nor the other way round. */
export const SEAL_SHARE_KID = 'strongroom seal share';

export interface ShareHolder {
  /** SHA-256 of the certificate, base64url. */
  readonly thumbprint: string;
  readonly publicKey: KeyObject;
}

export interface ListedShare {
  readonly thumbprint: string;
  /** base64url SHA-256 of the proof that the share gives. */
  readonly proofHash: string;
}

export interface ShareList {
  readonly required: number;
  readonly shares: readonly ListedShare[];
  /** What a packet must name: base64url SHA-256 of the text. */
  readonly digest: string;
}

/** The shares are in the order of their holders; the caller overwrites them. */
export function writeShareList(
  instance: { readonly instanceId: string; readonly instanceName: string },
  holders: readonly ShareHolder[],
  shares: readonly Uint8Array[],
  required: number,
): string {
  return JSON.stringify({
    EncData: { data: [], kdf: 'sp108_kdf' },
    SharedKeys: {
      enc_shares: holders.map(({ publicKey, thumbprint }, index) => {
        const share = shares[index] as Uint8Array;
        return {
          enc_key: encryptToRsa(publicKey, SEAL_SHARE_KID, share),
          x5t_256: thumbprint,
          proof_hash: proofHash(proofOfShare(share)),
        };
      }),
      key_algorithm: 'shamir_share',
      required,
    },
    version: 2,
    strongroom_seal: { instanceId: instance.instanceId, instanceName: instance.instanceName },
  });
}

/** @throws SecurityDomainError */
export function readShareList(text: string): ShareList {
  const { enc_shares: shares, required } = parseSecurityDomain(text).SharedKeys;
  const { SharedKeys } = JSON.parse(text) as { readonly SharedKeys: { readonly enc_shares: readonly object[] } };
  return {
    required,
    shares: shares.map(({ x5t_256: thumbprint }, index) => {
      const { proof_hash: hash } = SharedKeys.enc_shares[index] as { readonly proof_hash?: unknown };
      return { thumbprint, proofHash: typeof hash === 'string' ? hash : '' };
    }),
    digest: createHash('sha256').update(text, 'utf8').digest('base64url'),
  };
}
