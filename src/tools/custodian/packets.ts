// What a custodian can say, as packets ready to be handed over. Each function opens no more than it needs.
import type { X509Certificate } from 'node:crypto';
import type { CustodianChallenge } from '../../formats/custodian-challenge.ts';
import { makePacket } from '../../formats/custodian-packet.ts';
import type { PacketContent, Successors } from '../../formats/custodian-statement.ts';
import { encryptToRsa } from '../../formats/jwe-rsa.ts';
import { Refusal } from '../../formats/refusal.ts';
import { SHARE_KID } from '../../formats/security-domain.ts';
import { proofOfShare } from '../../formats/share-proof.ts';
import { readCertificate, subjectOf, thumbprintOf } from './fingerprint.ts';
import type { Holder } from './holder.ts';
import { domainHash, type OwnShare, openOwnShare, parseDomainFile } from './own-share.ts';
import type { Recipient } from './recipient.ts';

export interface Sentence {
  readonly holder: Holder;
  readonly at: Date;
  readonly note?: string | undefined;
}

export type Purpose = 'recover' | 'reshare' | 'unlock';

/** "I can open my share." @throws Refusal, ShapeError */
export function acknowledge(document: string, saying: Sentence): string {
  const own = openOwnShare(document, saying.holder);
  try {
    const proof = proofOfShare(own.share).toString('base64url');
    return packet({ purpose: 'acknowledge', domain: own.domain, proof }, saying);
  } finally {
    own.share.fill(0);
  }
}

/** "I still have my key." @throws ShapeError */
export function answer({ challenge, domain }: CustodianChallenge, saying: Sentence): string {
  return packet({ purpose: 'challenge', domain, challenge }, saying);
}

/** "Here is my share, for this instance alone." @param own is not overwritten @throws ShapeError */
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
  if (successors === undefined) throw new Refusal('successors: name the certificates of all successors');
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

export type NamedSuccessors = ReturnType<typeof readSuccessors>;

/** @returns with `names` by thumbprint: as their certificates call them, and the file @throws Refusal */
export function readSuccessors(certificates: readonly (readonly [string, Buffer])[], required: number) {
  const names = new Map(
    certificates.map(([path, content]) => {
      const certificate = readCertificate(path, content);
      return [thumbprintOf(certificate), `${subjectOf(certificate)}, in ${path}`];
    }),
  );
  if (names.size !== certificates.length) throw new Refusal('successors: the same certificate is named twice');
  return { successors: { required, thumbprints: [...names.keys()].sort() }, names };
}

function checkHeld(document: string, { name, thumbprint }: Holder): void {
  if (parseDomainFile(document).SharedKeys.enc_shares.some(({ x5t_256 }) => x5t_256 === thumbprint)) return;
  throw new Refusal(`the file has no share for the certificate of ${name}: it is of another security domain`);
}

function packet(content: PacketContent, { holder, at, note }: Sentence): string {
  const whole = note === undefined ? content : { ...content, note };
  return makePacket(whole, holder.certificate.raw, holder.privateKey, at);
}
