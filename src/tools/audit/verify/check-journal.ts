// Reads the journal for verification: every byte of every segment must be as the format says, the entries numbered
// without a gap. Its entries are compared with the published ones by the caller.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeSegmentHeader, type JournalRecord, readRecord } from '../../../formats/journal-format.ts';
import { headNamedBy, type NamedHead } from '../../../formats/named-head.ts';
import { isTornRecord, isZero } from '../../../formats/torn-record.ts';
import type { Findings } from './findings.ts';

interface Place {
  readonly file: string;
  readonly offset: number;
}

export type Journal = ReturnType<typeof checkJournal>;

export function checkJournal(
  folder: string,
  segments: readonly string[],
  origin: string | undefined,
  findings: Findings,
) {
  const entries = new Map<number, Place & { readonly entry: Buffer }>();
  const counters = new Map<string, number>();
  /** What headers say of the entries before them, by the index of the next. */
  const headers = new Map<number, { readonly file: string; readonly newestHead: NamedHead }>();
  /** Index of the first entry it holds; undefined without a readable segment. */
  let first: number | undefined;
  let next: number | undefined;
  /** Where a record stands that a crash cut off; no entry of the log yet. */
  let unfinished: Place | undefined;
  for (const [position, file] of segments.entries()) {
    const bytes = readFileSync(join(folder, file));
    const named = Number(file.slice(-16));
    const decoded = decodeSegmentHeader(bytes);
    if (decoded === undefined) {
      findings.add({ file, entry: named, offset: 0, what: 'the header of the segment is damaged' });
      next = undefined;
      continue;
    }
    const { header } = decoded;
    if (bytes.length !== header.segmentLength) {
      findings.add({ file, what: `the file has ${bytes.length} bytes instead of ${header.segmentLength}` });
    }
    if (origin !== undefined && header.origin !== origin) {
      findings.add({ file, entry: header.first, offset: 0, what: `the segment belongs to the log ${header.origin}` });
    }
    if (header.first !== named || (next !== undefined && header.first !== next)) {
      const what = `the segment begins at entry ${header.first}, entry ${next ?? named} comes next`;
      findings.add({ file, entry: Math.min(header.first, next ?? named), offset: 0, what });
    }
    headers.set(header.first, { file, newestHead: header.newestHead });
    first ??= header.first;
    next = header.first;
    let at = decoded.length;
    for (let record = readRecord(bytes, at); record?.index === next; record = readRecord(bytes, at)) {
      entries.set(next, { file, offset: at, entry: record.entry });
      checkRecord(record, { file, offset: at }, counters, findings);
      at = record.end;
      next += 1;
    }
    if (isZero(bytes, at, bytes.length)) continue;
    const damage = describe(bytes, at, next);
    if (position === segments.length - 1 && damage === undefined) unfinished = { file, offset: at };
    else findings.add({ file, entry: next, offset: at, what: damage ?? 'the record is incomplete' });
    if (position !== segments.length - 1) next = undefined;
  }
  return { entries, headers, first, unfinished };
}

/** Why no record of entry `index` stands here; undefined when it may be what a crash left of one. */
function describe(bytes: Buffer, at: number, index: number): string | undefined {
  const other = readRecord(bytes, at);
  if (other !== undefined) return `a record of entry ${other.index} stands where entry ${index} should`;
  for (let from = at + 1; from < bytes.length; from++) {
    const later = readRecord(bytes, from);
    if (later !== undefined && later.batch > index) return 'the record is damaged, later ones are whole';
  }
  return isTornRecord(bytes, at) ? undefined : 'the record is damaged';
}

function checkRecord(
  { index, batch, nonce, counter, headSequence, entry }: JournalRecord,
  place: Place,
  counters: Map<string, number>,
  findings: Findings,
): void {
  const damaged = (what: string): void => findings.add({ ...place, entry: index, what });
  if (batch > index) damaged('the record names a batch that begins after it');
  const worker = nonce.toString('hex');
  if (counter <= (counters.get(worker) ?? 0)) damaged('an entry of the same worker and number was stored before');
  counters.set(worker, counter);
  const named = headNamedBy(entry)?.sequence;
  if (named === undefined) damaged('the entry is not JSON');
  else if (named !== headSequence) damaged(`the record names store head ${headSequence}, its entry ${named}`);
}
