// Where backups may go and come from: only to places that the instance's configuration names. Whoever may start a backup
// chooses among what whoever runs the machine has allowed. Decided from text alone, before anything is asked of a network or a disk.
import { isIP } from 'node:net';
import { mayBePlain } from '../../../http/outbound.ts';
import { StorageError } from './port.ts';

export interface AllowedBackupTarget {
  /** `https://host[:port][/path]`, `file:///folder`, or `http` on loopback in the dev profile. What lies below is allowed too. */
  readonly uri: string;
  /** Nothing is ever taken away or written over there: append-only folders, containers with an immutability policy. */
  readonly keepsAll?: boolean;
  /** PEM file of the authority of its certificate; absent: the system's. */
  readonly caFile?: string;
  /** The addresses that the host name may stand for; needed where they are private. */
  readonly addresses?: readonly string[];
}

export interface AllowedBackupLocation {
  readonly url: URL;
  /** The row of the configuration that allows it. */
  readonly place: AllowedBackupTarget;
}

interface Row {
  readonly place: AllowedBackupTarget;
  readonly url: URL;
  readonly segments: readonly string[];
}

/** A backup's folder as a client named it, or as it is allowed. */
export interface NamedFolder {
  readonly uri: string;
  /** Below `uri`; may have several segments. */
  readonly folder: string;
}

type Profile = 'dev' | 'production';

export class AllowedTargets {
  readonly #rows: readonly Row[];

  /** @throws Error naming the place that cannot be one */
  constructor(places: readonly AllowedBackupTarget[], profile: Profile) {
    this.#rows = places.map((place) => {
      const url = parse(place.uri);
      if (url === undefined || !(url.protocol !== 'http:' || mayBePlain(url, profile)) || !areAddresses(place, url)) {
        const shown = redacted(place.uri);
        throw new Error(
          `backupTargets: '${shown}' must be https://host[:port][/path] or file:///folder in its normal form and nothing more, ` +
            'and its addresses, if any, IP addresses',
        );
      }
      return { place, url, segments: segmentsOf(url) };
    });
  }

  /** @throws StorageError Malformed, NotAllowed */
  find(uri: string): AllowedBackupLocation {
    if (/[?#]/.test(uri)) {
      throw new StorageError(
        'Malformed',
        "the storage URI has a query or fragment: give the SAS token as the token ('--storage-container-SAS-token'), not in the URI",
      );
    }
    const url = parse(uri);
    if (url === undefined) {
      throw new StorageError(
        'Malformed',
        `'${redacted(uri)}' is not the URI of a backup place in its normal form: https://account.blob.core.windows.net/container or file:///folder`,
      );
    }
    const row = this.#rows.find((each) => holds(each, url));
    if (row !== undefined) return { url, place: row.place };
    const allowed = this.#rows.map(({ place }) => place.uri).join(', ');
    throw new StorageError(
      'NotAllowed',
      `'${redacted(uri)}' is not a place that backups of this instance may use; ` +
        (allowed === '' ? 'its configuration allows none' : `its configuration allows ${allowed}`) +
        `. Whoever runs the instance allows it on its machine: './strongroom backup place add'`,
    );
  }

  /**
   * Stock clients cut the address of a folder after its first segment, wherever the place ends: `http://host/account` and
   * `container/mhsm-…`. Where that first part is no allowed place, the longest one that holds the whole address is meant.
   * What no place holds stays as it is, for `find` to refuse.
   */
  locate(named: NamedFolder): NamedFolder {
    const url = parse(named.uri);
    const whole = parse(`${withoutSlash(named.uri)}/${named.folder}`);
    if (url === undefined || whole === undefined || this.#rows.some((row) => holds(row, url))) return named;
    const segments = segmentsOf(whole);
    const [longest] = this.#rows
      .filter((row) => holds(row, whole) && row.segments.length < segments.length)
      .toSorted((a, b) => b.segments.length - a.segments.length);
    if (longest === undefined) return named;
    return { uri: withoutSlash(longest.url.href), folder: segments.slice(longest.segments.length).join('/') };
  }
}

function holds(row: Row, url: URL): boolean {
  const segments = segmentsOf(url);
  return originOf(row.url) === originOf(url) && row.segments.every((segment, at) => segment === segments[at]);
}

/** Undefined when it is not written as the URL parser would write it: what two readers could take for different places. */
function parse(uri: string): URL | undefined {
  if (uri.length > 1024 || !URL.canParse(uri)) return undefined;
  const url = new URL(uri);
  if (!['https:', 'http:', 'file:'].includes(url.protocol)) return undefined;
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') return undefined;
  if (url.protocol === 'file:' && (url.host !== '' || url.pathname === '/')) return undefined;
  // A root path, and one trailing slash, may be left out or written.
  const normal = withoutSlash(url.href);
  if (withoutSlash(uri) !== normal || !/^\/[A-Za-z0-9._$/-]*$/.test(url.pathname)) return undefined;
  return url.pathname.includes('//') ? undefined : url;
}

export function withoutSlash(uri: string): string {
  return uri.endsWith('/') ? uri.slice(0, -1) : uri;
}

function segmentsOf(url: URL): readonly string[] {
  const path = withoutSlash(url.pathname).slice(1);
  return path === '' ? [] : path.split('/');
}

/** Of a `file:` URL, `URL.origin` says nothing. */
function originOf(url: URL): string {
  return `${url.protocol}//${url.host}`;
}

function areAddresses({ addresses = [] }: AllowedBackupTarget, url: URL): boolean {
  return addresses.every((address) => isIP(address) !== 0) && (addresses.length === 0 || url.protocol !== 'file:');
}

/** A client may have put a secret where it does not belong. */
function redacted(uri: string): string {
  return (
    uri
      .slice(0, 200)
      // A token that was joined to it in a wrong way too.
      .replace(/(?:[?#&]|%3f|%23|%26).*$/is, '')
      .replace(/\/\/[^/]*@/g, '//')
      .replaceAll(/[^\x21-\x7e]/g, '�')
  );
}
