// What a search looks for. One function decides over an entry, whether the index proposed it or it was read from the log: the index
// only leaves out what cannot be meant.
import { ShapeError } from '../../../formats/shape.ts';
import { type Facets, folded, type IndexedEntry, type Outcome } from './indexed-entry.ts';

/** Texts are compared without regard to case; what is absent does not matter. */
export interface AuditFilter {
  /** Object id, application id or user name. */
  readonly caller?: string | undefined;
  /** Name of a key. */
  readonly key?: string | undefined;
  readonly version?: string | undefined;
  readonly operation?: string | undefined;
  /** One of `Outcome`, or a status. */
  readonly outcome?: Outcome | number | undefined;
  /** `/keys` has `/keys/NAME`, and `/` all. */
  readonly scope?: string | undefined;
  /** Milliseconds: from then on. */
  readonly since?: number | undefined;
  /** Milliseconds: before then. */
  readonly until?: number | undefined;
  /** A part of any text in it; of what each request has of its own (`correlationId`, `clientRequestId`), the whole. */
  readonly text?: string | undefined;
}

/** What a filter is given by, as options and as a query; in this order in help texts. */
export const FILTER_MEMBERS = [
  'caller',
  'key',
  'version',
  'operation',
  'outcome',
  'scope',
  'since',
  'until',
  'text',
] as const;
export type GivenFilter = { readonly [K in (typeof FILTER_MEMBERS)[number]]?: string | undefined };

const LONGEST = 1000;
/** What it costs to look for a text goes up with its length. */
const LONGEST_TEXT = 250;

/** @throws ShapeError that begins with the name of the member that is wrong */
export function readFilter(given: GivenFilter): AuditFilter {
  for (const name of FILTER_MEMBERS) {
    const value = given[name];
    const most = name === 'text' ? LONGEST_TEXT : LONGEST;
    if (value === '' || (value?.length ?? 0) > most) throw new ShapeError(`${name} must have 1 to ${most} characters`);
  }
  const time = (name: 'since' | 'until'): number | undefined => {
    const value = given[name];
    const at = value === undefined ? undefined : Date.parse(value);
    if (Number.isNaN(at)) throw new ShapeError(`${name} must be a time such as 2026-11-25T08:00:00Z`);
    return at;
  };
  const { caller, key, version, operation, scope, text } = given;
  if (scope !== undefined && !scope.startsWith('/')) throw new ShapeError('scope must be /, /keys or /keys/NAME');
  const outcome = given.outcome === undefined ? undefined : readOutcome(given.outcome.toLowerCase());
  return { caller, key, version, operation, outcome, scope, since: time('since'), until: time('until'), text };
}

function readOutcome(text: string): Outcome | number {
  if (text === 'success' || text === 'refused' || text === 'failed') return text;
  if (/^[1-5]\d\d$/.test(text)) return Number(text);
  throw new ShapeError('outcome must be success, refused, failed or a status such as 403');
}

export type Matcher = ReturnType<typeof matcherOf>;

export function matcherOf(filter: AuditFilter) {
  const { since = Number.NEGATIVE_INFINITY, until = Number.POSITIVE_INFINITY, outcome } = filter;
  const [caller, key, version, operation, scope, text] = [
    filter.caller,
    filter.key,
    filter.version,
    filter.operation,
    filter.scope,
    filter.text,
  ].map((each) => (each === undefined ? undefined : folded(each)));
  const is = (wanted: string | undefined, ...found: readonly string[]): boolean =>
    wanted === undefined || found.some((each) => folded(each) === wanted);
  const isBelow = (at: string): boolean =>
    scope === undefined || at === scope || (at !== '' && at.startsWith(scope === '/' ? '/' : `${scope}/`));
  /** An entry without a time that reads is of no time. */
  const timed = filter.since !== undefined || filter.until !== undefined;
  const ofFacets = (facets: Facets): boolean =>
    is(caller, facets.caller, facets.application, facets.user) &&
    is(key, facets.key) &&
    is(version, facets.version) &&
    is(operation, facets.operation) &&
    (outcome === undefined || outcome === facets.outcome || outcome === facets.status) &&
    isBelow(folded(facets.scope));
  const ofTime = (time: number): boolean => !timed || (time >= since && time < until);
  return {
    /** What facets must be, folded; absent where that does not matter. Of the caller one of three, of the scope that it begins so. */
    wanted: { caller, key, version, operation, outcome, scope },
    timed,
    since,
    until,
    /** Folded. */
    text,
    ofFacets,
    matches: (entry: IndexedEntry): boolean =>
      ofTime(entry.time) &&
      ofFacets(entry.facets) &&
      (text === undefined || entry.text.includes(text) || entry.ids.includes(text)),
  };
}
