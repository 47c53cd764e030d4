// The table of api-versions in the API reference: one line for each that is accepted, with what begins in it. The lines
// are made from the rows, algorithms and fields that carry a version, so the page cannot fall behind them.
import { KEY_SIZE_SINCE } from '../../src/features/keys/bundle.ts';
import { algorithms } from '../../src/formats/algorithms.ts';
import { apiVersions, hasVersion } from '../../src/http/api-version.ts';
import type { AnyRow } from '../../src/http/route.ts';
import { tableRows } from './markdown.ts';
import type { Problem } from './problem.ts';
import { API } from './reference-pages.ts';
import type { Tree } from './tree.ts';

interface Beginning {
  readonly what: string;
  readonly since: string;
}

export function checkApiVersionTable(tree: Tree, rows: readonly AnyRow[]): Problem[] {
  return compareVersions(tree.has(API) ? tree.text(API) : '', beginnings(rows));
}

export function compareVersions(page: string, begins: readonly Beginning[]): Problem[] {
  const known = new Set(apiVersions.map(({ version }) => version));
  const described = tableRows(page).filter(({ word, cells }) => known.has(word) && cells.length === 3);
  const wanted = versionLines(begins);
  const found = described.map(({ cells }) => `| ${cells.join(' | ')} |`.replaceAll('|  |', '| |'));
  if (found.join('\n') === wanted.join('\n')) return [];
  const what = 'the table of api-versions differs from the rows, algorithms and fields';
  return [{ file: API, what, fix: `it is\n${wanted.join('\n')}` }];
}

export function versionLines(begins: readonly Beginning[]): string[] {
  return apiVersions.map(({ version, kind }, index) => {
    const before = apiVersions[index - 1]?.version;
    const own = begins.filter(
      ({ since }) => hasVersion(version, since) && (before === undefined || !hasVersion(before, since)),
    );
    const texts = own.map(({ what, since }) => (since === version ? what : `${what} (from ${since})`));
    return `| \`${version}\` | ${kind} | ${[...new Set(texts)].join(', ')} |`.replaceAll('|  |', '| |');
  });
}

function beginnings(rows: readonly AnyRow[]): Beginning[] {
  const ofRows = rows.flatMap(({ method, path, since }) =>
    since === undefined ? [] : [{ what: `${method} \`${path.replace(/:(\w+)/g, '{$1}')}\``, since }],
  );
  const ofAlgorithms = [...algorithms.values()].flatMap(({ name, since }) =>
    since === undefined ? [] : [{ what: `\`${name}\``, since }],
  );
  return [...ofRows, ...ofAlgorithms, { what: 'attribute `key_size`', since: KEY_SIZE_SINCE }];
}
