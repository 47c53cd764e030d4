// Finds the row of a control request: by the host it was sent to, method and path, without regard to case.
import findMyWay from 'find-my-way';
import type { ControlHost, ControlRow } from '../../http/control-row.ts';

export type Found =
  | { readonly kind: 'row'; readonly row: ControlRow; readonly params: Readonly<Record<string, string | undefined>> }
  | { readonly kind: 'wrong method' }
  | { readonly kind: 'nothing' };

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;
type Method = (typeof METHODS)[number];

export class ControlRouter {
  readonly #routers = new Map<ControlHost, findMyWay.Instance<findMyWay.HTTPVersion.V1>>();

  constructor(rows: readonly ControlRow[]) {
    for (const row of rows) {
      let router = this.#routers.get(row.host);
      if (router === undefined) {
        router = findMyWay({
          caseSensitive: false,
          ignoreTrailingSlash: true,
          ignoreDuplicateSlashes: true,
          maxParamLength: 400,
          // A path that is no valid percent-encoding is nowhere.
          onBadUrl: () => {},
        });
        this.#routers.set(row.host, router);
      }
      router.on(row.method, row.path, () => {}, row);
    }
  }

  find(host: ControlHost, method: string, path: string): Found {
    const router = this.#routers.get(host);
    const known = METHODS.find((each) => each === method);
    if (router === undefined) return { kind: 'nothing' };
    const found = known === undefined ? undefined : look(router, known, path);
    if (found !== undefined) return found;
    return METHODS.some((each) => look(router, each, path) !== undefined)
      ? { kind: 'wrong method' }
      : { kind: 'nothing' };
  }
}

function look(
  router: findMyWay.Instance<findMyWay.HTTPVersion.V1>,
  method: Method,
  path: string,
): Extract<Found, { kind: 'row' }> | undefined {
  const found = router.find(method, path);
  // The library's answer for a malformed path has no row.
  if (found === null || found.store === null) return undefined;
  return { kind: 'row', row: found.store as ControlRow, params: found.params };
}
