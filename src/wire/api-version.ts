// api-versions as data: which ones exist and how they are ordered, so that rows and fields can say since and until.

/** Stable and dated versions that clients may send; previews `7.N-preview[.M]` of 7.2 to 7.6 are accepted besides. */
const KNOWN: ReadonlySet<string> = new Set([
  '7.0',
  '7.1',
  '7.2',
  '7.3',
  '7.4',
  '7.5',
  '7.6',
  '2025-06-01-preview',
  '2025-07-01',
  '2026-01-01-preview',
  '2026-03-01-preview',
  '2026-04-01',
  '2026-05-01-preview',
  '2026-07-01-preview',
]);
const NUMBERED = /^7\.([0-9])(?:-preview(?:\.([1-9]))?)?$/;
const DATED = /^(\d{4})-(\d{2})-(\d{2})(-preview)?$/;

export function isKnownApiVersion(version: string): boolean {
  return KNOWN.has(version) || /^7\.[2-6]-preview(\.[1-9])?$/.test(version);
}

/** A number that grows with the version; a preview comes before its stable version, a dated version after all 7.x. */
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
  const numbered = NUMBERED.exec(version);
  if (numbered) {
    const preview = version.includes('-') ? Number(numbered[2] ?? 0) : 10;
    return Number(numbered[1]) * 100 + preview;
  }
  const dated = DATED.exec(version);
  if (dated) return Number(`${dated[1]}${dated[2]}${dated[3]}`) * 10 + (dated[4] === undefined ? 1 : 0);
  throw new RangeError(`'${version}' is not an api-version`);
}

/** True when `version` is at or after `since`. */
export function hasVersion(version: string, since: string | undefined): boolean {
  return since === undefined || apiVersionRank(version) >= apiVersionRank(since);
}
