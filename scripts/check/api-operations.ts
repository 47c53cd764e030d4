// The API reference against the route rows: same methods, paths, data actions and scopes, no more and no fewer.
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { OPERATION_NAMES } from '../../src/formats/operation-names.ts';
import type { AnyRow } from '../../src/http/route.ts';
import { prose } from './markdown.ts';
import type { Problem } from './problem.ts';
import { API } from './reference-pages.ts';
import type { Tree } from './tree.ts';

const PREFIX = 'Microsoft.KeyVault/managedHsm/';
const SCOPES = { root: '/', keys: '/keys', key: '/keys/{name}' } as const;

export async function checkApiOperations(tree: Tree, root: string): Promise<Problem[]> {
  const rows = await dataPlaneRows(tree, root);
  return [...compareOperations(tree.has(API) ? tree.text(API) : '', rows), ...wordsOfNone(rows)];
}

/** Rows of every `features/<word>/rows.ts` of the data plane. Making rows uses no service; only handlers do. */
export async function dataPlaneRows(tree: Tree, root: string): Promise<AnyRow[]> {
  const files = tree.files.filter(
    (file) => /^src\/features\/[^/]+\/rows\.ts$/.test(file) && tree.text(file).includes("'../../http/route.ts'"),
  );
  const found: AnyRow[] = [];
  for (const file of files) {
    const exported = (await import(pathToFileURL(join(root, file)).href)) as Record<string, unknown>;
    for (const [name, value] of Object.entries(exported)) {
      if (name.endsWith('Rows') && typeof value === 'function')
        found.push(...(value as (service: object) => AnyRow[])({}));
    }
  }
  return found;
}

/** A row cannot have a word that is not in the list. */
function wordsOfNone(rows: readonly AnyRow[]): Problem[] {
  const had = new Set(rows.map(({ operationName }) => operationName));
  return OPERATION_NAMES.filter((word) => !had.has(word)).map((word) => ({
    file: 'src/formats/operation-names.ts',
    what: `has ${word}, which no route row has`,
    fix: 'take it out',
  }));
}

type Described = Pick<AnyRow, 'method' | 'path' | 'dataAction' | 'scope'>;

/** @param page Markdown; its rows are `| name | METHOD \`path\` … | \`data action\` | \`scope\` |` */
export function compareOperations(page: string, rows: readonly Described[]): Problem[] {
  const expected = new Set(rows.map(lineOfRow));
  const described = new Map(
    prose(page).flatMap((line, index) => linesOfPage(line).map((text) => [text, index + 1] as const)),
  );
  const missing = [...expected].filter((text) => !described.has(text));
  const extra = [...described].filter(([text]) => !expected.has(text));
  return [
    ...missing.map((text) => ({
      file: API,
      what: `has no row for ${text}`,
      fix: 'add it to its table: name, request, data action, scope',
    })),
    ...extra.map(([text, line]) => ({
      file: API,
      line,
      what: `describes ${text}, which no route row has`,
      fix: 'correct it or take it out',
    })),
  ];
}

function lineOfRow({ method, path, dataAction, scope }: Described): string {
  const action = dataAction.startsWith(PREFIX) ? dataAction.slice(PREFIX.length) : dataAction;
  return `${method} ${path.replace(/:(\w+)/g, '{$1}')} (${action} at ${SCOPES[scope]})`;
}

function linesOfPage(line: string): string[] {
  const cells = line.split('|').map((cell) => cell.trim());
  const request = /^(GET|PUT|POST|PATCH|DELETE) `([^`]+)`/.exec(cells[2] ?? '');
  const action = /^`([^`]+)`$/.exec(cells[3] ?? '')?.[1];
  const scope = /^`([^`]+)`$/.exec(cells[4] ?? '')?.[1];
  if (request === null || action === undefined || scope === undefined) return [];
  const [, method = '', path = ''] = request;
  const optional = /\[([^\]]+)\]/;
  const paths = optional.test(path) ? [path.replace(optional, ''), path.replace(optional, '$1')] : [path];
  return paths.flatMap((one) => inScopes(one, scope)).map(([one, at]) => `${method} ${one} (${action} at ${at})`);
}

/** `{scope}` in a path stands for each of the three scopes, and is then the scope of the role as well. */
function inScopes(path: string, scope: string): (readonly [path: string, scope: string])[] {
  if (!path.startsWith('{scope}')) return [[path, scope]];
  return Object.values(SCOPES).map((at) => [path.replace('{scope}', at === '/' ? '' : at), at] as const);
}
