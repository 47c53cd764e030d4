// One custodian in the register, and the sealed record that they are kept in.
import type { X509Certificate } from 'node:crypto';
import { printableLine } from '../../formats/printable.ts';
import { integer, matching, record, text } from '../../formats/shape.ts';
import { recordKind, type ValueOf } from '../../store/sealed/record-kind.ts';

export type Holder = ValueOf<typeof holderKind>;
const thumbprint = matching(/^[\w-]{43}$/, 'a SHA-256 in base64url');

/** By the SHA-256 of their certificate, as x5t#S256. */
export const holderKind = recordKind({
  of: 'custodians/',
  about: 'A custodian: their share, what they have shown and said, and how to reach them',
  travels: 'stays',
  hides: ['name', 'contact'],
  members: {
    /** Since when they have held a share without a break. */
    since: text,
    /** Its number in the newest file. */
    share: integer(1, 10),
  },
  optional: {
    /** What their certificate calls them. */
    subject: text,
    /** As an administrator wrote them down. */
    name: text,
    contact: text,
    /** They opened their share of this domain file (SHA-256 of its text) and said so. */
    proven: record({ domain: thumbprint, at: text }),
    /** When their key last signed something that we asked for. */
    answered: text,
    handover: record({ at: text }, { note: text, to: thumbprint }),
    /** When the handover was made that is over: the next holder has shown that the key is theirs. None from before counts any more. */
    handedOver: text,
    /** What they have said; re-sharing is what makes it so. */
    leaving: record({ at: text }, { note: text }),
    /** When their share stopped counting: the domain was split over others. */
    left: text,
  },
});

/** What their certificate calls them, for the register. Undefined when it says nothing that people can read. */
export function subjectOf({ subject }: X509Certificate): string | undefined {
  const name = /^CN=(.+)$/m.exec(subject ?? '')?.[1] ?? '';
  return name !== '' && name.length <= 200 && printableLine(name) === name ? name : undefined;
}
