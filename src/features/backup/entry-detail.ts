// What the log says of where a backup goes, or comes from: the place, without anything that could open it.
import type { Detail } from '../../http/entry-detail.ts';

/** @param uri as it was asked for: its user or query may be a secret, and what is no address of a place may be anything */
export function targetDetail(
  { storageResourceUri: uri }: { readonly storageResourceUri: string },
  folder?: string,
): Detail {
  return { storage: URL.canParse(uri) ? uriWithoutQuery(new URL(uri)) : undefined, folder };
}

function uriWithoutQuery({ protocol, host, pathname }: URL): string {
  // Places have no other characters in their paths; what follows one may be a token that was joined in a wrong way.
  const [path = ''] = /^[A-Za-z0-9._$/-]*/.exec(pathname) ?? [];
  switch (protocol) {
    case 'https:':
    case 'http:':
      return `${protocol}//${host}${path}`;
    case 'file:':
      return `file://${path}`;
    default:
      return protocol;
  }
}
