// Finds the row for a method and path. A table of rows and nothing else: what has no row does not exist.
import findMyWay, { type HTTPMethod } from 'find-my-way';
import type { AnyRow } from './route.ts';

const METHODS: readonly HTTPMethod[] = ['GET', 'PUT', 'POST', 'PATCH', 'DELETE'];

export interface Router {
  find(
    method: string,
    path: string,
  ): { readonly row: AnyRow; readonly params: Record<string, string | undefined> } | undefined;
  /** The data action that an operation needs, by the name that the log has for it, in any case. */
  actionOf(operation: string): string | undefined;
  /** Methods that the path has rows for; empty for an unknown path. */
  methodsOf(path: string): readonly string[];
}

export function buildRouter(rows: readonly AnyRow[]): Router {
  const routes = findMyWay({ caseSensitive: false, maxParamLength: 1024 });
  for (const row of rows) routes.on(row.method, row.path, unreachable, row);
  const actions = new Map(rows.map((row) => [row.operationName.toLowerCase(), row.dataAction]));
  return {
    find(method, path) {
      if (!METHODS.includes(method as HTTPMethod)) return undefined;
      const found = routes.find(method as HTTPMethod, path);
      return found === null ? undefined : { row: found.store as AnyRow, params: found.params };
    },
    actionOf: (operation) => actions.get(operation.toLowerCase()),
    methodsOf: (path) => METHODS.filter((method) => routes.find(method, path) !== null),
  };
}

/** Rows are looked up, never called by the router. */
function unreachable(): never {
  throw new Error('the router does not call handlers');
}
