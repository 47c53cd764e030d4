// A bucket that speaks S3, an object for each batch. It is called by the index of its first entry and says how many it has, and nothing is
// written over: so the objects of a log follow one another without gap, and what is sent again is passed over as far as it is there.
import type { SinkConfigOf } from '../../../deployment/sinks.ts';
import { whyUnanswered } from '../../../http/outbound.ts';
import { sinkAddress } from '../addresses.ts';
import { jsonLine } from '../json-line.ts';
import {
  type Delivery,
  type LogEntry,
  MOST,
  readNamed,
  SEND_MS,
  type Sink,
  SinkError,
  type SinkSurroundings,
} from '../sink.ts';
import { askBucket, type BucketPlace, BucketRefused } from './bucket.ts';
import { readS3Credentials } from './credentials-file.ts';

const DAY_MS = 86_400_000;
const ENTRIES = 'x-amz-meta-entries';
const DIGITS = 16;
/** A bucket that keeps to the protocol needs few: it is asked from a batch before what is sent. */
const MOST_PAGES = 64;

export function s3Sink(config: SinkConfigOf<'s3'>, given: SinkSurroundings): Sink {
  const { region, credentialsFile, prefix = '', objectLock, caFile } = config;
  const place: BucketPlace = {
    url: sinkAddress(config, given.profile).href.replace(/\/$/, ''),
    region,
    credentials: readS3Credentials(readNamed(given, credentialsFile, 'credentialsFile')),
    ca: caFile === undefined ? undefined : readNamed(given, caFile, 'caFile'),
  };
  const folder = `${prefix}${given.log.origin}/`;
  const keyOf = (index: number): string => `${folder}${String(index).padStart(DIGITS, '0')}.jsonl`;
  /** Index of the first entry that no object has; undefined: that was not looked for. */
  let next: number | undefined;

  /**
   * @param index of an entry that it counts for if it is in it
   * @returns the index behind the last entry of the object that begins with `first`
   */
  async function endOf(first: number, index: number, stopping: AbortSignal): Promise<number> {
    const { headers } = await askBucket(place, { method: 'HEAD', key: keyOf(first) }, stopping);
    const count = Number(headers[ENTRIES]);
    if (!Number.isSafeInteger(count) || count < 1 || count > MOST.entries) {
      throw new SinkError(`an object of this log was written by somebody else: it has no ${ENTRIES}`);
    }
    if (objectLock !== undefined && first + count > index && headers['x-amz-object-lock-mode'] === undefined) {
      throw new SinkError(
        'an object of this log is there without the lock that is asked for, or the key may not see it (s3:GetObjectRetention)',
      );
    }
    return first + count;
  }

  /** What is sent first may lie within an object that is there: it has no more entries than a batch. */
  async function look(index: number, stopping: AbortSignal): Promise<number> {
    let after = index - MOST.entries;
    let newest: number | undefined;
    for (let [page, isMore] = [1, true]; isMore; page++) {
      if (page > MOST_PAGES) throw new SinkError('its list of objects does not end');
      const query = { 'list-type': '2', prefix: folder, ...(after < 0 ? {} : { 'start-after': keyOf(after) }) };
      const { text } = await askBucket(place, { method: 'GET', query }, stopping);
      const firsts = [...text.matchAll(/(\d{16})\.jsonl<\/Key>/g)].map(([, digits]) => Number(digits));
      newest = firsts.findLast((first) => first <= index) ?? newest;
      const last = firsts.at(-1);
      isMore = text.includes('<IsTruncated>true</IsTruncated>') && last !== undefined && last < index;
      after = last ?? after;
    }
    return newest === undefined ? index : Math.max(index, await endOf(newest, index, stopping));
  }

  /** @returns whether it was not there yet */
  async function put(entries: readonly LogEntry[], first: number, stopping: AbortSignal): Promise<boolean> {
    const until = new Date(Date.now() + (objectLock?.days ?? 0) * DAY_MS).toISOString();
    const headers = {
      'content-type': 'application/x-ndjson',
      'if-none-match': '*',
      [ENTRIES]: String(entries.length),
      ...(objectLock === undefined
        ? {}
        : { 'x-amz-object-lock-mode': objectLock.mode, 'x-amz-object-lock-retain-until-date': until }),
    };
    const body = Buffer.concat(entries.flatMap((entry) => jsonLine(given.log, entry)));
    try {
      await askBucket(place, { method: 'PUT', key: keyOf(first), headers, body }, stopping);
      return true;
    } catch (error) {
      if (error instanceof BucketRefused && error.status === 412) return false;
      throw error;
    }
  }

  return {
    async send(entries, ending): Promise<Delivery> {
      const stopping = AbortSignal.any([ending, AbortSignal.timeout(SEND_MS)]);
      try {
        next ??= await look(entries[0]?.index ?? 0, stopping);
        for (;;) {
          const from: number = next;
          const missing = entries.filter(({ index }) => index >= from);
          const [first] = missing;
          if (first === undefined) return { outcome: 'taken' };
          const isNew = await put(missing, first.index, stopping);
          next = isNew ? first.index + missing.length : await endOf(first.index, first.index, stopping);
        }
      } catch (error) {
        next = undefined;
        return judge(error, stopping);
      }
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

function judge(error: unknown, stopping: AbortSignal): Delivery {
  if (error instanceof SinkError) return { outcome: 'failed', why: error.message };
  if (!(error instanceof BucketRefused)) return { outcome: 'failed', why: whyUnanswered(error, stopping) };
  const { status, message } = error;
  if (status === 413) return { outcome: 'refused', why: message };
  return { outcome: 'failed', why: `${message}${HINTS.get(status) ?? ''}` };
}

const HINTS: ReadonlyMap<number, string> = new Map([
  [301, ': name the address of the bucket itself, and its region; redirections are not followed'],
  [307, ': name the address of the bucket itself, and its region; redirections are not followed'],
  [
    400,
    ': see whether the region is right; where it is about the lock, the bucket must have been made with object lock',
  ],
  [
    403,
    ': the key must be good for s3:PutObject, s3:GetObject and s3:ListBucket, with objectLock for s3:PutObjectRetention and s3:GetObjectRetention; see the clock, too',
  ],
  [404, ': there is no such bucket; make it, with object lock where that is wanted'],
]);
