// What a packet says, in words, and whether it holds against the files at hand. Reading it has checked the signature.
import { createHash, type X509Certificate } from 'node:crypto';
import { fromBase64url } from '../../formats/base64url.ts';
import type { CustodianChallenge } from '../../formats/custodian-challenge.ts';
import { type CustodianPacket, readPacket } from '../../formats/custodian-packet.ts';
import type { PacketStatement } from '../../formats/custodian-statement.ts';
import { groupedHash, subjectOf } from './fingerprint.ts';
import { domainHash, parseDomainFile } from './own-share.ts';
import type { Recipient } from './recipient.ts';

export interface Against {
  /** Text of the security-domain file, or of the share list of a seal. */
  readonly document?: string | undefined;
  readonly recipient?: Recipient | undefined;
  readonly challenge?: CustodianChallenge | undefined;
}

export interface Description {
  readonly statement: PacketStatement;
  readonly subject: string;
  /** Of the custodian's certificate, in groups of four. */
  readonly fingerprint: string;
  /** In words. */
  readonly says: string;
  /** What was checked, and whether it holds; the signature is always the first. */
  readonly checks: readonly { readonly what: string; readonly holds: boolean }[];
}

/** @throws PacketError when it is no packet, or not signed by the certificate in it */
export function describePacket(text: string, against: Against): Description {
  const packet = readPacket(text);
  const { statement, certificate } = packet;
  return {
    statement,
    subject: subjectOf(certificate),
    fingerprint: groupedHash(statement.custodian),
    says: sayingOf(statement),
    checks: [
      { what: 'it is signed by the key of this certificate', holds: true },
      { what: 'the certificate was valid when it was signed', holds: wasValid(certificate, statement.at) },
      ...againstDomain(packet, against.document),
      ...againstRecipient(statement, against.recipient),
      ...againstChallenge(statement, against.challenge),
    ],
  };
}

function sayingOf(statement: PacketStatement): string {
  switch (statement.purpose) {
    case 'recover':
      return 'gives their share to the recipient, an HSM that takes over the security domain';
    case 'reshare':
      return `gives their share to the recipient, to split the security domain anew: ${statement.successors.required} of the ${statement.successors.thumbprints.length} successors, and nobody else`;
    case 'unlock':
      return 'gives their share of the seal to the recipient, an HSM that is to start';
    case 'acknowledge':
      return 'opened their share of the security domain, and has it in custody';
    case 'challenge':
      return 'answers a challenge: they have their key';
    case 'handover':
      return statement.recipient === undefined
        ? 'has handed their key over to another person'
        : 'wants to hand over to the holder of another certificate';
    case 'leave':
      return 'leaves, and must not be counted on any more';
  }
}

type Checks = Description['checks'];

function againstDomain({ statement }: CustodianPacket, document: string | undefined): Checks {
  if (document === undefined) return [];
  const shares = parseDomainFile(document).SharedKeys.enc_shares;
  const own = shares.find(({ x5t_256 }) => x5t_256 === statement.custodian);
  return [
    { what: 'it is about this very file', holds: statement.domain === domainHash(document) },
    { what: 'the custodian has a share in the file', holds: own !== undefined },
    ...(statement.purpose === 'acknowledge'
      ? [{ what: 'the proof is that of their share', holds: own?.proof_hash === hashOf(statement.proof) }]
      : []),
  ];
}

function againstRecipient(statement: PacketStatement, recipient: Recipient | undefined): Checks {
  if (recipient === undefined) return [];
  const named = 'recipient' in statement ? statement.recipient : undefined;
  return [{ what: 'it is for this recipient', holds: named === recipient.thumbprint }];
}

function againstChallenge(statement: PacketStatement, challenge: CustodianChallenge | undefined): Checks {
  if (challenge === undefined) return [];
  const holds =
    statement.purpose === 'challenge' &&
    statement.challenge === challenge.challenge &&
    statement.domain === challenge.domain;
  return [{ what: 'it answers this challenge', holds }];
}

function hashOf(proof: string): string {
  return createHash('sha256').update(fromBase64url(proof)).digest('base64url');
}

function wasValid({ validFrom, validTo }: X509Certificate, at: string): boolean {
  const time = Date.parse(at);
  return Date.parse(validFrom) <= time && time <= Date.parse(validTo);
}
