// What an instance keeps of a ceremony: a sealed record with the hash of the report and the statement
// about it. The report itself stays with the people who held the ceremony.
import { CEREMONY_KINDS } from '../../formats/ceremony-kind.ts';
import { guid, matching, oneOf, text } from '../../formats/shape.ts';
import { KeptRecords } from '../../store/sealed/follow-records.ts';
import { recordKind, type ValueOf } from '../../store/sealed/record-kind.ts';

export type RecordedCeremony = ValueOf<typeof ceremonyKind>;
const hash = matching(/^[\w-]{43}$/, 'a SHA-256 in base64url');

export const ceremonyKind = recordKind({
  of: 'ceremonies/',
  about: 'A ceremony that was held: the hash of its report, and the statement about it',
  travels: 'stays',
  members: {
    kind: oneOf(...CEREMONY_KINDS),
    at: text,
    /** Object id of whoever handed it in. */
    by: guid,
    /** Of its signed text. */
    report: hash,
    /** Of the file that it is about. */
    domain: hash,
    /** Signed by the domain key. */
    note: text,
  },
});

export type RecordedCeremonies = KeptRecords<RecordedCeremony>;

/** Newest first. */
export function recordedCeremonies(): RecordedCeremonies {
  return new KeptRecords(ceremonyKind, ([, a], [, b]) => (a.at < b.at ? 1 : -1));
}
