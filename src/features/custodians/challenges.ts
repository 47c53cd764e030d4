// Challenges: fresh random bytes that a custodian signs to show that their key is at hand today. Sealed
// records; each ends by itself, and counts once for each custodian.
import { list, matching, record, text } from '../../formats/shape.ts';
import { KeptRecords } from '../../store/sealed/follow-records.ts';
import { recordKind, type ValueOf } from '../../store/sealed/record-kind.ts';

export type Challenge = ValueOf<typeof challengeKind>;
const hash = matching(/^[\w-]{43}$/, 'base64url of 32 bytes');

/** By the challenge itself. */
export const challengeKind = recordKind({
  of: 'custodian-challenges/',
  about: 'Fresh bytes for custodians to sign, and who has',
  travels: 'stays',
  members: { madeAt: text, expires: text, madeBy: text, answers: list(record({ custodian: hash, at: text })) },
});

export const MAX_CHALLENGES = 50;

export type Challenges = KeptRecords<Challenge>;

/** Newest first. */
export function openChallenges(): Challenges {
  return new KeptRecords(challengeKind, ([, a], [, b]) => (a.madeAt < b.madeAt ? 1 : -1));
}
