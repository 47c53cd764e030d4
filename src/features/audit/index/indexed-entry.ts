// What the index knows of an entry: what it is looked for by, and all texts that stand in it. Whoever reads an entry without the
// index reads it by this file as well, so that both find the same.
import { type LoggedCall, loggedCallOf, parseEntry } from '../logged-call.ts';

/** What many entries have in common: who did what to which key, by which right, and what came of it. Empty: it says nothing of that. */
export interface Facets {
  /** Object id in lower case, application (client) id and user name. */
  readonly caller: string;
  readonly application: string;
  readonly user: string;
  readonly operation: string;
  readonly dataAction: string;
  /** Name and version of the key that it was about. */
  readonly key: string;
  readonly version: string;
  readonly scope: string;
  readonly outcome: Outcome;
  readonly status: number;
  readonly code: string;
  readonly decision: string;
  /** Name of the role assignment that allowed it. */
  readonly grant: string;
}

/** What uses are counted by. */
export type UseFacets = Pick<Facets, (typeof USE)[number]>;
const USE = ['caller', 'operation', 'dataAction', 'key', 'version', 'scope', 'outcome', 'decision', 'grant'] as const;

/** Names that were only asked for make no use apart: there would be as many as strangers think of. */
export function useFacets(facets: Facets): UseFacets {
  const isDone = facets.outcome === 'success';
  const isNamed = isDone || facets.decision === 'allow';
  const used = { ...facets, ...(isNamed ? {} : { key: '', scope: '' }), ...(isDone ? {} : { version: '' }) };
  return Object.fromEntries(USE.map((name) => [name, used[name]])) as unknown as UseFacets;
}

/** Refused: the caller was at fault, or had no right. Failed: the service could not. */
export type Outcome = 'success' | 'refused' | 'failed';

export interface IndexedEntry {
  readonly facets: Facets;
  /** Milliseconds; NaN: it has none that reads. */
  readonly time: number;
  /** All texts that are values in it, folded, a line for each, but for those of `ids`. */
  readonly text: string;
  /** What each request has of its own, folded: found as a whole alone. */
  readonly ids: readonly string[];
}

export function indexedEntry(bytes: Buffer): IndexedEntry {
  const text = bytes.toString('utf8');
  const entry = parseEntry(text);
  if (entry === undefined)
    return { facets: facetsOf(loggedCallOf(0, {})), time: Number.NaN, text: folded(text), ids: [] };
  const { time, correlationId, properties, ...rest } = entry;
  const { clientRequestId, ...others } = Object(properties) as Readonly<Record<string, unknown>>;
  const texts: string[] = [];
  gather([rest, others], texts);
  return {
    facets: facetsOf(loggedCallOf(0, entry)),
    time: typeof time === 'string' ? Date.parse(time) : Number.NaN,
    text: folded(texts.join('\n')),
    ids: [correlationId, clientRequestId].filter((id) => typeof id === 'string').map(folded),
  };
}

/** Text as it is compared: without regard to case. Halves of surrogate pairs have no bytes. */
export function folded(text: string): string {
  return text.toLowerCase().toWellFormed();
}

function gather(value: unknown, texts: string[]): void {
  if (typeof value === 'string') texts.push(value);
  else if (typeof value === 'object' && value !== null) for (const each of Object.values(value)) gather(each, texts);
}

function facetsOf(call: LoggedCall): Facets {
  const { caller, status } = call;
  return {
    caller: caller?.objectId ?? '',
    application: caller?.applicationId ?? '',
    user: caller?.userName ?? '',
    operation: call.operation,
    dataAction: call.dataAction ?? '',
    ...keyOf(call),
    scope: call.scope ?? '',
    outcome: call.isFailed ? (status >= 400 && status < 500 ? 'refused' : 'failed') : 'success',
    status,
    code: call.code,
    decision: call.decision ?? '',
    grant: call.grant ?? '',
  };
}

/** What was refused names its key in its scope, and the version in what was asked for. */
function keyOf({ key, scope, request }: LoggedCall): Pick<Facets, 'key' | 'version'> {
  const [, name = '', version = ''] =
    /^\/keys\/([^/]+)(?:\/([^/]+))?$/.exec(key ?? '') ??
    /^(?:https:\/\/[^/]*)?\/keys\/([^/?]+)\/(?:([0-9a-f]{32})\b)?/i.exec(request) ??
    /^\/keys\/([^/]+)$/.exec(scope ?? '') ??
    [];
  return { key: name, version: version.toLowerCase() };
}
