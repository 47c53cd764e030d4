// What an instance keeps of a ceremony: a sealed record with the hash of the report and the statement
// about it. The report itself stays with the people who held the ceremony.
import { guid, matching, oneOf, text } from '../../formats/shape.ts';
import { type Follow, feeding, keep } from '../../store/sealed/follow-records.ts';
import { type RecordKind, recordKind } from '../../store/sealed/record-kind.ts';
import type { Apply } from '../../store/sealed/records.ts';

export const CEREMONY_KINDS = ['activation', 'recovery', 'resharing'] as const;
export type CeremonyKind = (typeof CEREMONY_KINDS)[number];

export interface RecordedCeremony {
  readonly kind: CeremonyKind;
  readonly at: string;
  /** Object id of whoever handed it in. */
  readonly by: string;
  /** SHA-256 of the report's signed text, base64url. */
  readonly report: string;
  /** SHA-256 of the domain file that it is about, base64url. */
  readonly domain: string;
  /** Signed note of the domain key. */
  readonly note: string;
}

const hash = matching(/^[\w-]{43}$/, 'a SHA-256 in base64url');

export const ceremonyKind: RecordKind<RecordedCeremony> = recordKind<RecordedCeremony>({
  of: 'ceremonies/',
  about: 'A ceremony that was held: the hash of its report, and the statement about it',
  travels: 'stays',
  members: { kind: oneOf(...CEREMONY_KINDS), at: text, by: guid, report: hash, domain: hash, note: text },
});

export function isCeremonyKind(kind: string): kind is CeremonyKind {
  return (CEREMONY_KINDS as readonly string[]).includes(kind);
}

export class RecordedCeremonies {
  readonly #all = new Map<string, RecordedCeremony>();

  readonly follows: readonly Follow[] = [keep(ceremonyKind, this.#all)];
  readonly apply: Apply = feeding(this.follows);

  get(id: string): RecordedCeremony | undefined {
    return this.#all.get(id);
  }

  /** Newest first. */
  list(): readonly (readonly [string, RecordedCeremony])[] {
    return [...this.#all].sort(([, a], [, b]) => (a.at < b.at ? 1 : -1));
  }
}
