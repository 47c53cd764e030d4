// What a search looks for. One function decides over an entry, whether the index proposed it or it was read from the log: the index
// only leaves out what cannot be meant.
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
    /** Whether facets can leave anything out. */
    isOfFacets: [caller, key, version, operation, scope, outcome].some((each) => each !== undefined),
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
