// What a grant comes with beside who gets what: why it is made, and when it ends by itself.

import { given } from '../../formats/given.ts';
import { addDuration, parseDuration, printDuration } from '../../formats/iso-duration.ts';
import { isOneLine } from '../../formats/printable.ts';
import type { GrantHeaders } from '../../http/route.ts';
import { badParameter } from '../../http/service-error.ts';
import { MAX_REASON } from './role-records.ts';

export interface Terms {
  readonly reason?: string;
  /** A time (`2027-01-31T12:00:00Z`) or a duration from when the grant is made (`P7D`), in one spelling each. */
  readonly expires?: string;
}

/** Longest life of a grant that ends: beyond it, a grant that does not end says what is meant. */
const LONGEST = 20 * 366 * 86_400;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d)?(?:Z|[+-]\d\d:\d\d)$/;

/** @throws ServiceError BadParameter */
export function readTerms({ reason, expires }: GrantHeaders, now: number): Terms {
  const terms = given({
    reason: reason === undefined ? undefined : readReason(reason),
    expires: expires === undefined ? undefined : readExpires(expires),
  });
  if (terms.expires !== undefined) endOf(terms.expires, now);
  return terms;
}

/** @throws ServiceError BadParameter */
export function readDefinitionTerms(grantHeaders: GrantHeaders, now: number): Terms {
  if (grantHeaders.expires === undefined) return readTerms(grantHeaders, now);
  throw badParameter('Only role assignments can end by themselves; leave the expiry out');
}

/** One line that a person can read, wherever it is shown. @throws ServiceError BadParameter */
export function readReason(text: string): string {
  const reason = text.trim();
  if (reason === '' || reason.length > MAX_REASON || !isOneLine(reason)) {
    throw badParameter(`The reason must be 1 to ${MAX_REASON} characters on one line`);
  }
  return reason;
}

function readExpires(text: string): string {
  const duration = parseDuration(text);
  if (duration !== undefined) return printDuration(duration);
  const time = TIME.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(time)) {
    throw badParameter('The expiry must be a time like 2027-01-31T12:00:00Z or a duration like P7D or PT8H (ISO 8601)');
  }
  return isoSecond(Math.floor(time / 1000));
}

/**
 * Unix seconds at which a grant made now ends.
 * @throws ServiceError BadParameter when that is past, or too far ahead
 */
export function endOf(expires: string, now: number): number {
  const duration = parseDuration(expires);
  const end = Math.floor(duration === undefined ? Date.parse(expires) / 1000 : addDuration(now, duration));
  if (end > now && end <= now + LONGEST) return end;
  throw badParameter(
    Number.isNaN(end) || end > now
      ? 'The expiry is more than 20 years ahead; leave it out for a grant that does not end'
      : `The expiry ${isoSecond(end)} is past`,
  );
}

export function isoSecond(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace('.000Z', 'Z');
}
