// The log over the network, for those who read it and do nothing else. Each look is itself on record, before it is answered.
import { existsSync } from 'node:fs';
import { ShapeError } from '../../formats/shape.ts';
import { nextLinkWith, readPage } from '../../http/paging.ts';
import { type AnyRow, row } from '../../http/route.ts';
import { badParameter } from '../../http/service-error.ts';
import { part } from '../part.ts';
import { FILTER_MEMBERS, type GivenFilter, type Matcher, matcherOf, readFilter } from './index/filter.ts';
import { type IndexFile, indexPlace, isBusy, isLong, openIndexFile } from './index/index-file.ts';
import { type Hit, type SearchRange, searchLog } from './index/search.ts';
import { parseEntry } from './logged-call.ts';
import { openEntries } from './read-entries.ts';
import { type ReadingTurns, restingAsLong } from './reading-turns.ts';

interface AuditService {
  readonly places: { readonly audit: string; readonly index: string };
  readonly readingTurns: ReadingTurns;
  readonly indexWanted: () => void;
  readonly report: (what: string, error: unknown) => void;
}

const PATH = '/strongroom/v1/audit';
const MOST_RESULTS = 250;
/** What one request costs at most: entries read from the log, bytes answered, and steps, each of 65,536 entries in the index. */
const MOST_READ = 25_600;
const MOST_BYTES = 1024 * 1024;
const MOST_STEPS = 512;
/** The entry of a look has so much of its address: nobody looks for something that is then cut off. */
const LONGEST_ADDRESS = 2_000;

interface Page {
  readonly hits: readonly Hit[];
  /** Where the next page begins; undefined: it was the last. */
  readonly next?: number;
}

export function auditRows({ places, readingTurns, indexWanted, report }: AuditService): readonly AnyRow[] {
  return [
    row({
      method: 'GET',
      path: PATH,
      operationName: 'AuditSearch',
      dataAction: 'Microsoft.KeyVault/managedHsm/strongroom/audit/read/action',
      scope: 'root',
      activation: 'any',
      async handle({ query, origin, principal, url }) {
        if (url.length > LONGEST_ADDRESS)
          throw badParameter(
            `The address has more than ${LONGEST_ADDRESS} characters; what is looked for is on record whole`,
          );
        const given = Object.fromEntries(FILTER_MEMBERS.map((name) => [name, query.get(name)])) as GivenFilter;
        const { order, ...bounds } = readRange(query);
        const { size, after } = readPage(query, MOST_RESULTS);
        const next = after === undefined ? undefined : requireIndex('$skiptoken', after);
        const range: SearchRange = {
          order,
          ...bounds,
          ...(next === undefined ? {} : order === 'newest' ? { before: next } : { from: next }),
        };
        const matcher = matcherOf(readGiven(given));
        if (isLong(places.audit)) indexWanted();
        const search = () => searchOnce(places, report, matcher, range, size);
        const { page, log, indexed } = await readingTurns.take(principal.oid, search, { readsLog: true });
        const asked = {
          ...given,
          order,
          maxresults: String(size),
          from: query.get('from'),
          before: query.get('before'),
        };
        const kept = Object.fromEntries(
          Object.entries(asked).filter((each): each is [string, string] => each[1] !== undefined),
        );
        return {
          status: 200,
          body: {
            value: page.hits.map(({ index, bytes }) => ({ index, ...parseEntry(bytes.toString('utf8')) })),
            size: log,
            indexed,
            ...(page.next === undefined ? {} : { nextLink: nextLinkWith(origin + PATH, kept, String(page.next)) }),
          },
        };
      },
    }),
  ];
}

/** @returns `log`: entries that there are, `indexed`: of these, those that need not be read one by one */
async function searchOnce(
  places: AuditService['places'],
  report: AuditService['report'],
  matcher: Matcher,
  range: SearchRange,
  size: number,
) {
  const { size: log } = openEntries(places.audit);
  // What comes while it is looked for is for who asks next.
  const bounded = { ...range, before: Math.min(range.before ?? log, log) };
  using index = openIndex(places, report);
  const search = (file: IndexFile | undefined): Promise<Page> =>
    firstPage(searchLog(places.audit, file, matcher, bounded, restingAsLong()), bounded, size);
  try {
    const indexed = index?.entries() ?? 0;
    return { page: await search(index), log, indexed };
  } catch (error) {
    if (index === undefined) throw error;
    if (!isBusy(error)) report('the index of the audit log', error);
    return { page: await search(undefined), log, indexed: 0 };
  }
}

/** Where there is none that can be used, the log has everything, and the search takes more requests. */
function openIndex({ audit, index }: AuditService['places'], report: AuditService['report']): IndexFile | undefined {
  try {
    const place = indexPlace(index, audit);
    return existsSync(place.path) ? openIndexFile(place, true) : undefined;
  } catch (error) {
    if (!isBusy(error)) report('the index of the audit log', error);
    return undefined;
  }
}

async function firstPage(steps: ReturnType<typeof searchLog>, { order }: SearchRange, size: number): Promise<Page> {
  const hits: Hit[] = [];
  let [read, bytes, done] = [0, 0, 0];
  for await (const step of steps) {
    for (const hit of step.hits) {
      hits.push(hit);
      bytes += hit.bytes.length;
      if (hits.length >= size || bytes >= MOST_BYTES)
        return { hits, next: order === 'newest' ? hit.index : hit.index + 1 };
    }
    read += step.read;
    done += 1;
    if (read >= MOST_READ || done >= MOST_STEPS) return { hits, next: step.reached };
  }
  return { hits };
}

/** @throws ServiceError BadParameter */
function readGiven(given: GivenFilter): ReturnType<typeof readFilter> {
  try {
    return readFilter(given);
  } catch (error) {
    throw error instanceof ShapeError ? badParameter(error.message, { cause: error }) : error;
  }
}

/** @throws ServiceError BadParameter */
function readRange(query: ReadonlyMap<string, string>): SearchRange {
  const order = query.get('order') ?? 'newest';
  if (order !== 'newest' && order !== 'oldest') throw badParameter('order must be newest or oldest');
  const [from, before] = (['from', 'before'] as const).map((name) => {
    const text = query.get(name);
    return text === undefined ? undefined : requireIndex(name, text);
  });
  return { order, ...(from === undefined ? {} : { from }), ...(before === undefined ? {} : { before }) };
}

/** @throws ServiceError BadParameter */
function requireIndex(name: string, text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw badParameter(`${name} must be the index of an entry`);
}

export const audit = part({ serve: (service: AuditService) => ({ rows: auditRows(service) }) });
