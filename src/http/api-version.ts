// api-versions as data: which ones exist and how they are ordered, so that rows and fields can say since and until.

interface ApiVersion {
  readonly version: string;
  /** `previews`: besides it, `{version}-preview` and `{version}-preview.N` (1 to 9) are taken, and come before it. */
  readonly kind: 'stable' | 'preview' | 'stable, with previews';
}

/** Every version that clients may send, oldest first. */
export const apiVersions: readonly ApiVersion[] = [
  { version: '2016-10-01', kind: 'stable' },
  { version: '7.0', kind: 'stable' },
  { version: '7.1', kind: 'stable' },
  { version: '7.2', kind: 'stable, with previews' },
  { version: '7.3', kind: 'stable, with previews' },
  { version: '7.4', kind: 'stable, with previews' },
  { version: '7.5', kind: 'stable, with previews' },
  { version: '7.6', kind: 'stable, with previews' },
  { version: '2025-06-01-preview', kind: 'preview' },
  { version: '2025-07-01', kind: 'stable' },
  { version: '2026-01-01-preview', kind: 'preview' },
  { version: '2026-03-01-preview', kind: 'preview' },
  { version: '2026-04-01', kind: 'stable' },
  { version: '2026-05-01-preview', kind: 'preview' },
  { version: '2026-07-01-preview', kind: 'preview' },
];
/** What a call is served as that carries no version: poll URLs and next links are called as given, and some clients send none. */
export const IMPLIED_API_VERSION = '7.2';

const PREVIEW = /^(.+)-preview(?:\.([1-9]))?$/;
/** As many numbers as one version takes with its previews, which come before it. */
const STEP = 11;
const ranks = new Map(apiVersions.map(({ version }, at) => [version, (at + 1) * STEP]));
const withPreviews = new Set(apiVersions.flatMap(({ version, kind }) => (kind.endsWith('previews') ? version : [])));

function findRank(version: string): number | undefined {
  const rank = ranks.get(version);
  if (rank !== undefined) return rank;
  const [, stable = '', preview = '0'] = PREVIEW.exec(version) ?? [];
  return withPreviews.has(stable) ? (ranks.get(stable) ?? 0) - (STEP - 1) + Number(preview) : undefined;
}

export function isKnownApiVersion(version: string): boolean {
  return findRank(version) !== undefined;
}

/** A number that grows with the version. */
export function apiVersionRank(version: string): number {
  const rank = findRank(version);
  if (rank === undefined) throw new RangeError(`'${version}' is not an api-version`);
  return rank;
}

/** True when `version` is at or after `since`, and not after `until`. */
export function hasVersion(version: string, since: string | undefined, until?: string): boolean {
  const rank = apiVersionRank(version);
  return (
    (since === undefined || rank >= apiVersionRank(since)) && (until === undefined || rank <= apiVersionRank(until))
  );
}
