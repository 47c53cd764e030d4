// Opens the one share that is for the holder, and says why not when it does not open. Of the others it learns nothing.
import { createHash } from 'node:crypto';
import { JweError } from '../../formats/jwe.ts';
import { decryptWithRsa, kidOf } from '../../formats/jwe-rsa.ts';
import { SEAL_SHARE_KID } from '../../formats/seal-shares.ts';
import { parseSecurityDomain, SecurityDomainError, type SecurityDomainFile } from '../../formats/security-domain.ts';
import { ShamirError, shareNumber } from '../../formats/shamir.ts';
import { proofHash, proofOfShare } from '../../formats/share-proof.ts';
import { isTruncatedJson } from '../../formats/truncated-json.ts';
import { fingerprintOf } from './fingerprint.ts';
import type { Holder } from './holder.ts';
import { CustodianError, DamagedError } from './refusal.ts';

export interface OwnShare {
  /** The caller overwrites it. */
  readonly share: Buffer;
  readonly number: number;
  readonly shares: number;
  readonly required: number;
  /** Base64url SHA-256 of the file's text. */
  readonly domain: string;
  /** Of a root seal; else of a security domain. What it was encrypted as, not what the file around it says. */
  readonly isOfSeal: boolean;
}

/** @param document the domain file's text, to the byte @throws CustodianError */
export function openOwnShare(document: string, holder: Holder): OwnShare {
  const { enc_shares: shares, required } = parseDomainFile(document).SharedKeys;
  const own = shares.find(({ x5t_256 }) => x5t_256 === holder.thumbprint);
  if (own === undefined) {
    throw new CustodianError(
      `none of the ${shares.length} shares of this file is for the certificate of ${holder.name} ` +
        `(${fingerprintOf(holder.certificate).slice(0, 19)} …): it is the file of another security domain, or made ` +
        'before you held a share or after you left, or this is another of your keys. They are for: ' +
        shares.map(({ x5t_256 }) => Buffer.from(x5t_256, 'base64url').toString('hex').slice(0, 8)).join(', '),
    );
  }
  const share = openShare(own.enc_key, holder);
  try {
    const number = shareNumber(share);
    if (proofHash(proofOfShare(share)) !== own.proof_hash) throw edited();
    const isOfSeal = kidOf(own.enc_key) === SEAL_SHARE_KID;
    return { share, number, shares: shares.length, required, domain: domainHash(document), isOfSeal };
  } catch (error) {
    share.fill(0);
    if (error instanceof ShamirError) throw edited(error);
    throw error;
  }
}

export function domainHash(document: string): string {
  return createHash('sha256').update(document, 'utf8').digest('base64url');
}

/** @throws CustodianError */
export function parseDomainFile(document: string): SecurityDomainFile {
  try {
    return parseSecurityDomain(document);
  } catch (cause) {
    if (!(cause instanceof SecurityDomainError)) throw cause;
    const text = document.trimStart();
    if (text.startsWith('-----BEGIN')) {
      throw new CustodianError('this is a key or a certificate, not a security-domain file', { cause });
    }
    if (isTruncatedJson(document) !== undefined) {
      const compare = ', and compare its SHA-256 with the one in the report of the ceremony';
      throw new CustodianError(cause.message + compare, { cause });
    }
    throw new CustodianError(`${cause.message}: is it the right file? If so it was edited or damaged: get it again`, {
      cause,
    });
  }
}

function openShare(jwe: string, holder: Holder): Buffer {
  try {
    return decryptWithRsa(holder.privateKey, jwe);
  } catch (cause) {
    if (cause instanceof JweError) throw edited(cause);
    throw cause;
  }
}

function edited(cause?: unknown): DamagedError {
  return new DamagedError(
    'the file has a share for your certificate, but it does not open: the file was edited or damaged. Get it again, and ' +
      'compare its SHA-256 with the one in the report of the ceremony',
    { cause },
  );
}
