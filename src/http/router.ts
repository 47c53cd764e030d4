// Finds the row for a method and path, without regard to case. A table of rows and nothing else: what has no row does not exist.
import findMyWay, { type HTTPMethod } from 'find-my-way';
import { DATA_PLANE, type RouterRules } from './planes.ts';
import { readRequestTarget } from './request-target.ts';
import type { AnyRow } from './route.ts';

/** Targets that are asked for again and again are read and looked up once; a longer one, or one that has no row, each time. */
const REMEMBERED = 1_024;
const LONGEST_REMEMBERED = 400;

/** The data plane's. */
export type Router = ReturnType<typeof buildRouter>;

export function buildRouter(rows: readonly AnyRow[]) {
  const actions = new Map(rows.map((row) => [row.operationName.toLowerCase(), row.dataAction]));
  const table = tableOf(rows, DATA_PLANE);
  const readAndFind = (method: string, url: string) => {
    const { path, query } = readRequestTarget(url);
    return { path, query, found: table.find(method, path) };
  };
  const remembered = new Map<string, ReturnType<typeof readAndFind>>();
  return {
    ...table,
    /** What a request asks for. @throws ServiceError BadParameter: the target does not read */
    locate(method: string, url: string): ReturnType<typeof readAndFind> {
      if (url.length > LONGEST_REMEMBERED) return readAndFind(method, url);
      const name = `${method} ${url}`;
      const known = remembered.get(name);
      if (known !== undefined) return known;
      const target = readAndFind(method, url);
      if (target.found === undefined) return target;
      if (remembered.size >= REMEMBERED) remembered.clear();
      remembered.set(name, target);
      return target;
    },
    /** The data action that an operation needs, by the name that the log has for it, in any case. */
    actionOf: (operation: string): string | undefined => actions.get(operation.toLowerCase()),
  };
}

export function tableOf<R extends { readonly method: HTTPMethod; readonly path: string }>(
  rows: readonly R[],
  { methods, looseSlashes, longestParameter }: RouterRules,
) {
  const known: ReadonlySet<string> = new Set(methods);
  const routes = findMyWay({
    caseSensitive: false,
    ignoreTrailingSlash: looseSlashes,
    ignoreDuplicateSlashes: looseSlashes,
    maxParamLength: longestParameter,
    // A path that is no valid percent-encoding is nowhere.
    onBadUrl: unreachable,
  });
  for (const row of rows) routes.on(row.method, row.path, unreachable, row);
  const find = (method: string, path: string) => {
    const found = known.has(method) ? routes.find(method as HTTPMethod, path) : null;
    // The library's answer for a malformed path has no row.
    return found === null || found.store === null ? undefined : { row: found.store as R, params: found.params };
  };
  return {
    find,
    /** Methods that the path has rows for; empty for an unknown path. */
    methodsOf: (path: string): readonly string[] => methods.filter((method) => find(method, path) !== undefined),
  };
}

/** Rows are looked up, never called by the router. */
function unreachable(): never {
  throw new Error('the router does not call handlers');
}
