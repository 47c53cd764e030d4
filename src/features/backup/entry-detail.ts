// What the log says of where a backup goes, or comes from: the place, without anything that could open it.
import type { Detail } from '../../wire/entry-detail.ts';

/** @param uri as it was asked for; the query of one may be a token, and what is no address may be anything */
export function placeDetail(
  { storageResourceUri: uri }: { readonly storageResourceUri: string },
  folder?: string,
): Detail {
  const { protocol, host, pathname } = URL.canParse(uri) ? new URL(uri) : {};
  return { storage: protocol === undefined ? undefined : `${protocol}//${host}${pathname}`, folder };
}
