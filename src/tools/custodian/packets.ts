// What a custodian can say, as packets ready to be handed over. Each function opens no more than it needs.
import { X509Certificate } from 'node:crypto';
import type { CustodianChallenge } from '../../formats/custodian-challenge.ts';
import { makePacket, PacketError } from '../../formats/custodian-packet.ts';
import type { PacketContent, Successors } from '../../formats/custodian-statement.ts';
import { encryptToRsa } from '../../formats/jwe-rsa.ts';
import { takenForCertificate } from '../../formats/private-pem.ts';
import { SHARE_KID } from '../../formats/security-domain.ts';
import { proofOfShare } from '../../formats/share-proof.ts';
import { subjectOf } from './fingerprint.ts';
import { type Holder, thumbprintOf } from './holder.ts';
import { domainHash, type OwnShare, openOwnShare, parseDomainFile } from './own-share.ts';
import type { Recipient } from './recipient.ts';
import { CustodianError } from './refusal.ts';

export interface Sentence {
  readonly holder: Holder;
  readonly at: Date;
  readonly note?: string | undefined;
}

export type Purpose = 'recover' | 'reshare' | 'unlock';

/** "I can open my share." @throws CustodianError */
export function acknowledge(document: string, saying: Sentence): string {
  const own = openOwnShare(document, saying.holder);
  try {
    const proof = proofOfShare(own.share).toString('base64url');
    return packet({ purpose: 'acknowledge', domain: own.domain, proof }, saying);
  } finally {
    own.share.fill(0);
  }
}

/** "I still have my key." */
export function answer({ challenge, domain }: CustodianChallenge, saying: Sentence): string {
  return packet({ purpose: 'challenge', domain, challenge }, saying);
}

/** "Here is my share, for this instance alone." @param own is not overwritten */
export function share(
  own: OwnShare,
  purpose: Purpose,
  recipient: Recipient,
  successors: Successors | undefined,
  saying: Sentence,
): string {
  const to = {
    domain: own.domain,
    recipient: recipient.thumbprint,
    share: encryptToRsa(recipient.certificate.publicKey, SHARE_KID, own.share),
  };
  if (purpose !== 'reshare') return packet({ purpose, ...to }, saying);
  if (successors === undefined) throw new CustodianError('successors: name the certificates of all successors');
  return packet({ purpose, ...to, successors }, saying);
}

/** "Another person has my key from now on", or has one of their own, to be given a share when the domain is shared anew. */
export function handOver(document: string, successor: X509Certificate | undefined, saying: Sentence): string {
  checkHeld(document, saying.holder);
  const recipient = successor === undefined ? {} : { recipient: thumbprintOf(successor) };
  return packet({ purpose: 'handover', domain: domainHash(document), ...recipient }, saying);
}

/** "Do not count on me any more." */
export function leave(document: string, saying: Sentence): string {
  checkHeld(document, saying.holder);
  return packet({ purpose: 'leave', domain: domainHash(document) }, saying);
}

export interface NamedSuccessors {
  readonly successors: Successors;
  /** By thumbprint: as their certificates call them, and the file. */
  readonly names: ReadonlyMap<string, string>;
}

/** @throws CustodianError */
export function readSuccessors(
  certificates: readonly (readonly [string, Buffer])[],
  required: number,
): NamedSuccessors {
  const named = certificates.map(([path, content]): [string, string] => {
    try {
      const certificate = new X509Certificate(content);
      return [thumbprintOf(certificate), `${subjectOf(certificate)}, in ${path}`];
    } catch (cause) {
      const why = takenForCertificate(path, content) ?? 'is not a certificate';
      throw new CustodianError(`${path} ${why}`, { cause });
    }
  });
  const names = new Map(named);
  if (names.size !== named.length) throw new CustodianError('successors: the same certificate is named twice');
  return { successors: { required, thumbprints: [...names.keys()].sort() }, names };
}

function checkHeld(document: string, { name, thumbprint }: Holder): void {
  if (parseDomainFile(document).SharedKeys.enc_shares.some(({ x5t_256 }) => x5t_256 === thumbprint)) return;
  throw new CustodianError(`the file has no share for the certificate of ${name}: it is of another security domain`);
}

function packet(content: PacketContent, { holder, at, note }: Sentence): string {
  const whole = note === undefined ? content : { ...content, note };
  try {
    return makePacket(whole, holder.certificate.raw, holder.privateKey, at);
  } catch (error) {
    if (error instanceof PacketError) throw new CustodianError(error.message, { cause: error });
    throw error;
  }
}
