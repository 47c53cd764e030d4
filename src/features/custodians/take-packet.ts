// What a custodian's signed packet does to the register. Packets that carry shares are none of its business.
import { createHash } from 'node:crypto';
import { fromBase64url } from '../../formats/base64url.ts';
import type { CustodianPacket } from '../../formats/custodian-packet.ts';
import { isoTime } from '../../formats/iso-time.ts';
import { ownCommand } from '../../formats/own-command.ts';
import { badParameter, ServiceError } from '../../http/service-error.ts';
import type { Change } from '../../store/sealed/records.ts';
import { challengeKind } from './challenges.ts';
import { type Holder, holderKind, subjectOf } from './holder.ts';
import type { CustodianRegister } from './register.ts';
import type { Split } from './split.ts';

/** Clocks of offline machines are off by minutes; what is dated later than this was made for later. */
const CLOCK_SKEW = 15 * 60;
/** Less than that: whatever was signed within it before a recovery can be handed in again after it. */
const SLOW_CLOCK = 5 * 60;

/** @param now Unix seconds @throws ServiceError */
export function planPacket(
  register: CustodianRegister,
  { statement, certificate }: CustodianPacket,
  now: number,
): readonly Change[] {
  const { custodian, purpose, at, note } = statement;
  const split = requireSplit(register);
  const known = requireHolder(register, custodian);
  // A domain file has no certificates: of a recovered HSM, custodians' own packets are the first to bring their names.
  const subject = known.subject ?? subjectOf(certificate);
  const holder = subject === undefined ? known : { ...known, subject };
  if (split.domain === undefined) {
    throw conflict(
      'OtherDomain',
      'The HSM has not seen the domain file that its custodians keep: download a new one for the same custodians and ' +
        "quorum ('az keyvault security-domain download'), give it to them, and have them acknowledge that one",
    );
  }
  if (statement.domain !== split.domain) {
    throw conflict(
      'OtherDomain',
      `The packet is about another domain file (${statement.domain}) than the newest one (${split.domain}): the custodian ` +
        'signs again, on the newest file',
    );
  }
  if (Date.parse(at) / 1000 > now + CLOCK_SKEW) {
    throw badParameter(`The packet is dated ${at}, which is in the future: set the clock of the machine that made it`);
  }
  if (holder.leaving !== undefined && purpose !== 'leave') {
    throw conflict('Leaving', `The custodian said on ${holder.leaving.at} that they leave: split the domain anew`);
  }
  const said = { at, ...(note === undefined ? {} : { note }) };
  switch (purpose) {
    case 'acknowledge':
      checkProof(split, custodian, statement.proof);
      checkSignedSince(split, at);
      return changed(custodian, known, acknowledged(holder, split.domain, at));
    case 'challenge':
      return answer(register, statement.challenge, custodian, holder, now);
    case 'handover': {
      const { recipient: to } = statement;
      if (isOlder(holder.handover?.at, at)) throw older('handover', holder.handover?.at);
      // What an earlier holder of the key said is not said by its holder now.
      if (holder.handedOver !== undefined && at <= holder.handedOver) throw older('handover', holder.handedOver);
      if (to !== undefined) return changed(custodian, known, { ...holder, handover: { ...said, to } });
      // The key itself changes hands: whoever has it now has shown nothing yet.
      const { proven, answered, ...rest } = holder;
      const isDone = holder.handover?.at === at;
      return changed(custodian, known, isDone ? holder : { ...rest, handover: said });
    }
    case 'leave':
      return changed(custodian, known, { ...holder, leaving: holder.leaving ?? said });
    case 'recover':
    case 'reshare':
    case 'unlock':
      throw badParameter(
        `A packet of purpose '${purpose}' carries a share: it belongs to ${PLACES[purpose]}, not to the register`,
      );
  }
}

const PLACES = {
  recover: 'the upload of a security domain (POST /securitydomain/upload)',
  reshare: 'the replacement of custodians (POST /securitydomain/resharing)',
  unlock: 'the start of a sealed HSM',
} as const;

function acknowledged(holder: Holder, domain: string, at: string): Holder {
  const { handover, ...rest } = holder;
  // A key that went to somebody else without a certificate of their own: they have it when they say so.
  const isTakenOver = handover !== undefined && handover.to === undefined && handover.at < at;
  if (handover !== undefined && handover.to === undefined && !isTakenOver) {
    throw conflict('HandedOver', `The key was handed over on ${handover.at}, after this packet was made`);
  }
  return {
    ...rest,
    ...(handover === undefined || isTakenOver ? {} : { handover }),
    ...(isTakenOver ? { handedOver: handover.at } : {}),
    // The earliest proof of this very file stays, however often it is repeated.
    proven: holder.proven?.domain === domain ? holder.proven : { domain, at },
    answered: later(holder.answered, at),
  };
}

function answer(
  { challenges }: CustodianRegister,
  challenge: string,
  custodian: string,
  holder: Holder,
  now: number,
): readonly Change[] {
  const open = challenges.get(challenge);
  if (open === undefined || Date.parse(open.expires) / 1000 <= now) {
    throw conflict('NoSuchChallenge', 'The packet answers a challenge that this HSM did not make, or that has expired');
  }
  if (open.answers.some((each) => each.custodian === custodian)) {
    throw conflict('AlreadyAnswered', 'The custodian has answered this challenge already; each counts once');
  }
  // Not by the custodian's clock: the challenge itself shows that the answer is fresh.
  const at = isoTime(now);
  return [
    challengeKind.put(challenge, { ...open, answers: [...open.answers, { custodian, at }] }),
    holderKind.put(custodian, { ...holder, answered: later(holder.answered, at) }),
  ];
}

function checkProof(split: Split, custodian: string, proof: string): asserts split is Split & { domain: string } {
  const expected = split.proofHashes?.[split.thumbprints.indexOf(custodian)];
  if (split.domain === undefined || expected === undefined) {
    throw conflict(
      'NoProofs',
      'The newest domain file was made without proofs of its shares: download a new one for the same custodians',
    );
  }
  if (createHash('sha256').update(fromBase64url(proof)).digest('base64url') !== expected) {
    throw badParameter(
      "The packet's proof is not the one of this custodian's share in the newest domain file: the share was not opened",
    );
  }
}

/** The file that recovers an HSM is as old as the one that was lost: what was signed for that one proves nothing of today. */
function checkSignedSince(split: Split, at: string): void {
  if (split.by !== 'recovery' || Date.parse(at) / 1000 >= Date.parse(split.at) / 1000 - SLOW_CLOCK) return;
  throw conflict(
    'SignedBefore',
    `The packet was signed on ${at}, before this HSM took the domain over (${split.at}): the custodian signs again ` +
      `now ('${ownCommand('custodian acknowledge FILE --key KEY.pem')}'). If they just did, set the clock of their machine, which may be 5 minutes slow`,
  );
}

function requireSplit(register: CustodianRegister): Split {
  if (register.split !== undefined) return register.split;
  throw conflict(
    'NoDomain',
    'The HSM does not know who has the shares: download the security domain for its custodians',
  );
}

function requireHolder(register: CustodianRegister, custodian: string): Holder {
  const holder = register.get(custodian);
  if (holder !== undefined && holder.left === undefined) return holder;
  throw new ServiceError(
    'NotFound',
    holder === undefined
      ? `The certificate with the SHA-256 ${custodian} has no share in this HSM's security domain`
      : `The custodian left on ${holder.left}: their share is of an earlier split`,
  );
}

function changed(custodian: string, before: Holder, after: Holder): readonly Change[] {
  return JSON.stringify(before) === JSON.stringify(after) ? [] : [holderKind.put(custodian, after)];
}

function isOlder(known: string | undefined, at: string): boolean {
  return known !== undefined && at < known;
}

function older(purpose: string, known: string | undefined): ServiceError {
  return conflict('Older', `A later ${purpose} of this custodian is known already (${known ?? ''})`);
}

function later(a: string | undefined, b: string): string {
  return a === undefined || a < b ? b : a;
}

function conflict(innerCode: string, message: string): ServiceError {
  return new ServiceError('Conflict', message, { innerCode });
}
