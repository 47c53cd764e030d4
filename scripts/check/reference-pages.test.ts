import assert from 'node:assert/strict';
import { test } from 'node:test';
import { messages } from '../../src/crypto/protocol/messages.ts';
import { algorithms } from '../../src/formats/algorithms.ts';
import { detailMembers } from '../../src/http/entry-detail.ts';
import { errorCodes } from '../../src/http/service-error.ts';
import { parts } from '../../src/service/parts.ts';
import {
  API,
  AUDIT,
  CLI,
  checkReferencePages,
  commandRows,
  ERRORS,
  MODULE,
  RECORDS,
  recordRow,
  withReference,
} from './reference-pages.ts';
import { fakeTree } from './tree.ts';

const pages = {
  [ERRORS]: Object.entries(errorCodes).map(([code, status]) => `| \`${code}\` | ${status} | when | do |`),
  [API]: [...algorithms.values()].map(
    ({ name, kty, operations, since }) =>
      `| \`${name}\` | ${kty} | ${operations.join(', ')} | ${since ?? 'all'} | rules |`,
  ),
  [AUDIT]: [
    '| `other` | of another table |',
    '## Members of detail',
    ...[...detailMembers].map((name) => `| \`${name}\`, \`${name}\` | where | what |`),
    '## Other',
    '| `another` | of another table |',
  ],
  [CLI]: withReference('# Command line\n', commandRows).split('\n'),
  [MODULE]: Object.keys(messages).map((name) => `| 1 | \`${name}\` |`),
  [RECORDS]: [...parts.kinds]
    .sort((a, b) => (a.of < b.of ? -1 : 1))
    .map((kind) => `| \`${kind.of}\` | ${recordRow(kind).join(' | ')} |`),
};

function found(change: (lines: Record<string, string[]>) => void): string[] {
  const lines = structuredClone(pages) as Record<string, string[]>;
  change(lines);
  const contents = Object.entries(lines).map(([file, text]) => [file, text.join('\n')] as const);
  return checkReferencePages(fakeTree(Object.fromEntries(contents))).map(({ what }) => what);
}

test('pages that have every row pass', () => {
  assert.deepEqual(
    found(() => {}),
    [],
  );
});

test('a row that is missing, wrong or too many is reported', () => {
  assert.match(found((lines) => lines[ERRORS]?.shift()).join(), /BadParameter has no row/);
  assert.match(found((lines) => lines[ERRORS]?.push('| `Teapot` | 418 | x | y |')).join(), /never answers Teapot/);
  assert.match(
    found((lines) => lines[ERRORS]?.splice(0, 1, '| `BadParameter` | 401 | x | y |')).join(),
    /answered with 400/,
  );
  assert.match(found((lines) => lines[AUDIT]?.splice(2, 1)).join(), /the member assignment of detail has no row/);
  assert.match(found((lines) => lines[AUDIT]?.splice(2, 0, '| `pin` | x | y |')).join(), /no entry has the member pin/);
  assert.match(found((lines) => lines[API]?.shift()).join(), /RSA1_5 has no row/);
  assert.match(found((lines) => lines[API]?.push('| `ROT13` | oct-HSM | encrypt | all | x |')).join(), /knows ROT13/);
  assert.match(
    found((lines) => lines[API]?.splice(0, 1, '| `RSA1_5` | EC-HSM | sign | all | x |')).join(),
    /RSA1_5 differs/,
  );
  assert.match(found((lines) => lines[MODULE]?.shift()).join(), /the message hello/);
  assert.match(found((lines) => lines[RECORDS]?.shift()).join(), /record approvals\/ has no row/);
  assert.match(found((lines) => lines[RECORDS]?.push('| `pins/` | x | text | stays | 1 |')).join(), /records pins\//);
  assert.match(
    found((lines) => lines[RECORDS]?.splice(0, 1, '| `approvals/` | A key | text | key | 1 |')).join(),
    /row of approvals\/ differs/,
  );
  assert.match(found((lines) => lines[CLI]?.splice(9, 1)).join(), /commands and options as their rows do/);
});

test('a page that is not there is reported', () => {
  assert.equal(found((lines) => delete lines[API]).length, 1);
});
