// Entries as lines of a blob, and where they belong: in Azure's own layout, a blob an hour. Each line says at its end which entry of
// which log it is, so that the last line tells how far a log has been written.
import { MANAGEMENT_LOG } from '../../../deployment/sinks.ts';
import type { LogEntry, LogIdentity } from '../sink.ts';

const LINE_BREAK = 0x0a;
/** An entry of the largest size with all that a line has besides, twice: it may have been escaped. */
export const LONGEST_LINE: number = 160 * 1024;

export interface Line {
  readonly index: number;
  readonly bytes: Buffer;
  /** What its hour's blobs have in common: `resourceId=/SUBSCRIPTIONS/…/y=2026/m=11/d=28/h=05/m=00`. It follows from the entry alone. */
  readonly folder: string;
}

export function lineOf(log: LogIdentity, { index, bytes }: LogEntry): Line {
  const { origin } = log;
  const said = `"log":${JSON.stringify(origin)},"index":${index}}\n`;
  const entry = parse(bytes);
  // It stays as it is, and the members are added behind its own.
  if (entry !== undefined && !bytes.includes(LINE_BREAK) && bytes.at(-1) === 0x7d && bytes.length > 2) {
    const line = Buffer.concat([bytes.subarray(0, -1), Buffer.from(`,${said}`)]);
    return { index, bytes: line, folder: folderOf(log, entry) };
  }
  const line = Buffer.from(`{"entry":${JSON.stringify(bytes.toString('utf8'))},${said}`);
  return { index, bytes: line, folder: folderOf(log, entry ?? {}) };
}

/** Of a blob's last bytes: index of the newest entry of that log; -1: the last line is none of it. */
export function newestIn(tail: Buffer, { origin }: LogIdentity): number {
  const end = tail.lastIndexOf(LINE_BREAK);
  const begin = end <= 0 ? -1 : tail.lastIndexOf(LINE_BREAK, end - 1);
  const last = parse(tail.subarray(begin + 1, end + 1));
  return last?.log === origin && Number.isSafeInteger(last.index) ? (last.index as number) : -1;
}

/** @param part so many blobs of the hour are full */
export function blobName(folder: string, part: number): string {
  return `${folder}/${part === 0 ? 'PT1H.json' : `PT1H_${part}.json`}`;
}

/** Without a readable time: the first hour there is. Of a log that is of no resource any more, its entries say of which it was. */
function folderOf({ resourceId, name, origin }: LogIdentity, entry: { readonly [member: string]: unknown }): string {
  const said = name === MANAGEMENT_LOG || typeof entry.resourceId !== 'string' ? '' : entry.resourceId;
  const resource = [resourceId, said].find((each) => each.startsWith('/')) ?? `/${origin}`;
  const time = typeof entry.time === 'string' ? entry.time : '';
  const [, year = '1970', month = '01', day = '01', hour = '00'] = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):/.exec(time) ?? [];
  return `resourceId=${resource.toUpperCase()}/y=${year}/m=${month}/d=${day}/h=${hour}/m=00`;
}

function parse(bytes: Buffer): { readonly [member: string]: unknown } | undefined {
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8'));
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined;
  } catch {
    return undefined; // no JSON
  }
}
