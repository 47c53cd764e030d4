// What a packet says, in words, and whether it holds against the files at hand. Reading it has checked the signature.
import { createHash } from 'node:crypto';
import { fromBase64url } from '../../formats/base64url.ts';
import type { CustodianChallenge } from '../../formats/custodian-challenge.ts';
import { readPacket } from '../../formats/custodian-packet.ts';
import type { PacketStatement } from '../../formats/custodian-statement.ts';
import { groupedHash, subjectOf } from './fingerprint.ts';
import { domainHash, parseDomainFile } from './own-share.ts';
import type { Recipient } from './recipient.ts';

interface Against {
  /** Text of the security-domain file, or of the share list of a seal. */
  readonly document?: string | undefined;
  readonly recipient?: Recipient | undefined;
  readonly challenge?: CustodianChallenge | undefined;
}

/**
 * @returns with what was checked, and whether it holds; the signature is always the first
 * @throws ShapeError when it is no packet, or not signed by the certificate in it
 */
export function describePacket(text: string, { document, recipient, challenge }: Against) {
  const { statement, certificate } = readPacket(text);
  const at = Date.parse(statement.at);
  const checks = [
    { what: 'it is signed by the key of this certificate', holds: true },
    {
      what: 'the certificate was valid when it was signed',
      holds: Date.parse(certificate.validFrom) <= at && at <= Date.parse(certificate.validTo),
    },
  ];
  if (document !== undefined) checks.push(...againstDomain(statement, document));
  if (recipient !== undefined) {
    const named = 'recipient' in statement ? statement.recipient : undefined;
    checks.push({ what: 'it is for this recipient', holds: named === recipient.thumbprint });
  }
  if (challenge !== undefined) {
    const holds =
      statement.purpose === 'challenge' &&
      statement.challenge === challenge.challenge &&
      statement.domain === challenge.domain;
    checks.push({ what: 'it answers this challenge', holds });
  }
  const fingerprint = groupedHash(statement.custodian);
  return { statement, subject: subjectOf(certificate), fingerprint, says: sayingOf(statement), checks };
}

function againstDomain(statement: PacketStatement, document: string) {
  const shares = parseDomainFile(document).SharedKeys.enc_shares;
  const own = shares.find(({ x5t_256 }) => x5t_256 === statement.custodian);
  const checks = [
    { what: 'it is about this very file', holds: statement.domain === domainHash(document) },
    { what: 'the custodian has a share in the file', holds: own !== undefined },
  ];
  if (statement.purpose === 'acknowledge') {
    const hash = createHash('sha256').update(fromBase64url(statement.proof)).digest('base64url');
    checks.push({ what: 'the proof is that of their share', holds: own?.proof_hash === hash });
  }
  return checks;
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
