// Opens the one share that is for the holder, and says why not when it does not open. Of the others it learns nothing.
import { createHash } from 'node:crypto';
import { JweError } from '../../formats/jwe.ts';
import { decryptWithRsa, kidOf } from '../../formats/jwe-rsa.ts';
import { orThrow, Refusal } from '../../formats/refusal.ts';
import { SEAL_SHARE_KID } from '../../formats/seal-shares.ts';
import { parseSecurityDomain, type SecurityDomainFile } from '../../formats/security-domain.ts';
import { shareNumber } from '../../formats/shamir.ts';
import { ShapeError } from '../../formats/shape.ts';
import { proofHash, proofOfShare } from '../../formats/share-proof.ts';
import { isTruncatedJson } from '../../formats/truncated-json.ts';
import { fingerprintOf, hexOf } from './fingerprint.ts';
import { DamagedError, type Holder } from './holder.ts';

export type OwnShare = ReturnType<typeof openOwnShare>;

/**
 * @param document the domain file's text, to the byte
 * @returns the share, which the caller overwrites; and whether it is one of a root seal, by what it was encrypted as and not by what
 *   the file around it says
 * @throws Refusal
 */
export function openOwnShare(document: string, holder: Holder) {
  const { enc_shares: shares, required } = parseDomainFile(document).SharedKeys;
  const own = shares.find(({ x5t_256 }) => x5t_256 === holder.thumbprint);
  if (own === undefined) {
    throw new Refusal(
      `none of the ${shares.length} shares of this file is for the certificate of ${holder.name} ` +
        `(${fingerprintOf(holder.certificate).slice(0, 19)} …): it is the file of another security domain, or made ` +
        'before you held a share or after you left, or this is another of your keys. They are for: ' +
        shares.map(({ x5t_256 }) => hexOf(x5t_256).slice(0, 8)).join(', '),
    );
  }
  const share = orThrow(() => decryptWithRsa(holder.privateKey, own.enc_key), edited, JweError);
  try {
    const number = orThrow(() => shareNumber(share), edited, ShapeError);
    if (proofHash(proofOfShare(share)) !== own.proof_hash) throw edited();
    const isOfSeal = kidOf(own.enc_key) === SEAL_SHARE_KID;
    return { share, number, shares: shares.length, required, domain: domainHash(document), isOfSeal };
  } catch (error) {
    share.fill(0);
    throw error;
  }
}

/** Base64url SHA-256 of the file's text. */
export function domainHash(document: string): string {
  return createHash('sha256').update(document, 'utf8').digest('base64url');
}

export function parseDomainFile(document: string): SecurityDomainFile {
  return orThrow(
    () => parseSecurityDomain(document),
    (cause) => new Refusal(whyNotDomain(document, cause), { cause }),
    ShapeError,
  );
}

function whyNotDomain(document: string, { message }: Error): string {
  if (document.trimStart().startsWith('-----BEGIN'))
    return 'this is a key or a certificate, not a security-domain file';
  return isTruncatedJson(document) === undefined
    ? `${message}: is it the right file? If so it was edited or damaged: get it again`
    : `${message}, and compare its SHA-256 with the one in the report of the ceremony`;
}

function edited(cause?: unknown): DamagedError {
  return new DamagedError(
    'the file has a share for your certificate, but it does not open: the file was edited or damaged. Get it again, and ' +
      'compare its SHA-256 with the one in the report of the ceremony',
    { cause },
  );
}
