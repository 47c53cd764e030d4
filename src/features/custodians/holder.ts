// One custodian in the register, and the sealed record that they are kept in.
import { integer, matching, record, text } from '../../formats/shape.ts';
import { type RecordKind, recordKind } from '../../store/sealed/record-kind.ts';

export interface Holder {
  /** Since when they have held a share without a break. */
  readonly since: string;
  /** Number of their share in the newest file, from 1. */
  readonly share: number;
  /** What their certificate calls them. */
  readonly subject?: string;
  /** As an administrator wrote them down. */
  readonly name?: string;
  readonly contact?: string;
  /** They opened their share of this domain file (SHA-256 of its text) and said so. */
  readonly proven?: { readonly domain: string; readonly at: string };
  /** When their key last signed something that we asked for. */
  readonly answered?: string;
  readonly handover?: Intent & { readonly to?: string };
  /** When the handover was made that is over: the next holder has shown that the key is theirs. None from before counts any more. */
  readonly handedOver?: string;
  readonly leaving?: Intent;
  /** When their share stopped counting: the domain was split over others. */
  readonly left?: string;
}

/** What a custodian has said; re-sharing is what makes it so. */
export interface Intent {
  readonly at: string;
  readonly note?: string;
}

const thumbprint = matching(/^[\w-]{43}$/, 'a SHA-256 in base64url');
const intent = { at: text } as const;

/** By the SHA-256 of their certificate, as x5t#S256. */
export const holderKind: RecordKind<Holder> = recordKind<Holder>({
  of: 'custodians/',
  about: 'A custodian: their share, what they have shown and said, and how to reach them',
  travels: 'stays',
  hides: ['name', 'contact'],
  members: { since: text, share: integer(1, 10) },
  optional: {
    subject: text,
    name: text,
    contact: text,
    proven: record({ domain: thumbprint, at: text }),
    answered: text,
    handover: record(intent, { note: text, to: thumbprint }),
    handedOver: text,
    leaving: record(intent, { note: text }),
    left: text,
  },
});
