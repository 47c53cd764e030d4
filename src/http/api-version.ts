// api-versions as data: which ones exist and how they are ordered, so that rows and fields can say since and until.

export interface ApiVersion {
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
const KNOWN: ReadonlySet<string> = new Set(apiVersions.map(({ version }) => version));
/** What a call is served as that carries no version: poll URLs and next links are called as given, and some clients send none. */
export const IMPLIED_API_VERSION = '7.2';
const PREVIEW = /^(.+)-preview(?:\.[1-9])?$/;
const WITH_PREVIEWS: ReadonlySet<string> = new Set(
  apiVersions.filter(({ kind }) => kind === 'stable, with previews').map(({ version }) => version),
);
/** The one dated version from before the numbered ones; all others came after. */
const BEFORE_NUMBERS = '2016-10-01';
const NUMBERED = /^7\.([0-9])(?:-preview(?:\.([1-9]))?)?$/;
const DATED = /^(\d{4})-(\d{2})-(\d{2})(-preview)?$/;

export function isKnownApiVersion(version: string): boolean {
  return KNOWN.has(version) || WITH_PREVIEWS.has(PREVIEW.exec(version)?.[1] ?? '');
}

/** A number that grows with the version; a preview comes before its stable version, a dated version after all 7.x but one. */
export function apiVersionRank(version: string): number {
  const cached = ranks.get(version);
  if (cached !== undefined) return cached;
  const rank = computeRank(version);
  if (isKnownApiVersion(version)) ranks.set(version, rank);
  return rank;
}

/** Only known versions are kept, so this map is bounded. */
const ranks = new Map<string, number>();

function computeRank(version: string): number {
  if (version === BEFORE_NUMBERS) return 0;
  const numbered = NUMBERED.exec(version);
  if (numbered) {
    const preview = version.includes('-') ? Number(numbered[2] ?? 0) : 10;
    return Number(numbered[1]) * 100 + preview;
  }
  const dated = DATED.exec(version);
  if (dated) return Number(`${dated[1]}${dated[2]}${dated[3]}`) * 10 + (dated[4] === undefined ? 1 : 0);
  throw new RangeError(`'${version}' is not an api-version`);
}

/** True when `version` is at or after `since`, and not after `until`. */
export function hasVersion(version: string, since: string | undefined, until?: string): boolean {
  const rank = apiVersionRank(version);
  return (
    (since === undefined || rank >= apiVersionRank(since)) && (until === undefined || rank <= apiVersionRank(until))
  );
}
