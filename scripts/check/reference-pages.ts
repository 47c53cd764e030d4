// Reference pages against the tables in the code: errors, algorithms, module messages, records, commands. Neither may have a row that the
// other lacks.
import { nouns } from '../../src/cli/nouns.ts';
import { messages } from '../../src/crypto/protocol/messages.ts';
import { algorithms } from '../../src/formats/algorithms.ts';
import { detailMembers } from '../../src/http/entry-detail.ts';
import { errorCodes } from '../../src/http/service-error.ts';
import { parts } from '../../src/service/parts.ts';
import type { RecordKind } from '../../src/store/sealed/record-kind.ts';
import { referenceOf } from './command-reference.ts';
import { names } from './documents.ts';
import { tableRows } from './markdown.ts';
import type { Problem } from './problem.ts';
import type { Tree } from './tree.ts';

export const ERRORS = 'docs/reference/errors.md';
export const API = 'docs/reference/api.md';
export const AUDIT = 'docs/reference/audit-format.md';
export const CLI = 'docs/reference/cli.md';
export const MODULE = 'docs/reference/module-protocol.md';
export const RECORDS = 'docs/reference/records.md';

export function checkReferencePages(tree: Tree): Problem[] {
  return [
    ...errors(tree),
    ...algorithmTable(tree),
    ...moduleMessages(tree),
    ...auditDetail(tree),
    ...records(tree),
    ...commandLine(tree),
  ];
}

function* errors(tree: Tree): Generator<Problem> {
  if (!tree.has(ERRORS)) {
    yield missing(ERRORS);
    return;
  }
  const rows = tableRows(tree.text(ERRORS)).filter(({ cells }) => /^\d{3}$/.test(cells[1] ?? ''));
  const described = new Map(rows.map((row) => [row.word, row]));
  for (const [code, status] of Object.entries(errorCodes)) {
    const row = described.get(code);
    const fix = `add the row | \`${code}\` | ${status} | when it happens | what to do |`;
    if (row === undefined) yield { file: ERRORS, what: `the code ${code} has no row`, fix };
    else if (row.cells[1] !== String(status)) {
      yield {
        file: ERRORS,
        line: row.line,
        what: `${code} is answered with ${status}, the page says ${row.cells[1]}`,
        fix: `write ${status}`,
      };
    }
  }
  for (const { word, line } of rows) {
    if (!Object.hasOwn(errorCodes, word)) {
      yield {
        file: ERRORS,
        line,
        what: `the service never answers ${word}`,
        fix: 'take the row out, or add the code to src/http/service-error.ts',
      };
    }
  }
}

function* algorithmTable(tree: Tree): Generator<Problem> {
  if (!tree.has(API)) {
    yield missing(API);
    return;
  }
  const rows = tableRows(tree.text(API)).filter(({ cells }) => /^(RSA|EC|oct|AKP)-HSM$/.test(cells[1] ?? ''));
  const described = new Map(rows.map((row) => [row.word, row]));
  for (const { name, kty, operations, since } of algorithms.values()) {
    const expected = [kty, operations.join(', '), since ?? 'all'];
    const row = described.get(name);
    const fix = `the row is | \`${name}\` | ${expected.join(' | ')} | rules |`;
    if (row === undefined) yield { file: API, what: `the algorithm ${name} has no row`, fix };
    else if (expected.some((cell, index) => row.cells[index + 1] !== cell)) {
      yield { file: API, line: row.line, what: `the row of ${name} differs from src/formats/algorithms.ts`, fix };
    }
  }
  for (const { word, line } of rows) {
    if (!algorithms.has(word)) yield { file: API, line, what: `no operation knows ${word}`, fix: 'take the row out' };
  }
}

function* moduleMessages(tree: Tree): Generator<Problem> {
  if (!tree.has(MODULE)) {
    yield missing(MODULE);
    return;
  }
  for (const name of Object.keys(messages)) {
    if (!names(tree.text(MODULE), name)) {
      yield {
        file: MODULE,
        what: `does not describe the message ${name}`,
        fix: 'the page changes in the same commit as the protocol',
      };
    }
  }
}

/** The section alone: the page has tables of other things. A row may name several. */
function* auditDetail(tree: Tree): Generator<Problem> {
  if (!tree.has(AUDIT)) {
    yield missing(AUDIT);
    return;
  }
  const [before = '', section = ''] = tree.text(AUDIT).split('\n## Members of detail\n');
  const [own = ''] = section.split('\n## ');
  const first = before.split('\n').length + 1;
  const rows = own.split('\n').flatMap((line, index) => {
    const cell = /^\| (`[^|]+`) \|/.exec(line)?.[1] ?? '';
    return [...cell.matchAll(/`([^`]+)`/g)].map(([, word = '']) => ({ word, line: first + index }));
  });
  const described = new Set(rows.map(({ word }) => word));
  for (const member of detailMembers) {
    if (described.has(member)) continue;
    yield {
      file: AUDIT,
      what: `the member ${member} of detail has no row`,
      fix: `add | \`${member}\` | where | what |`,
    };
  }
  for (const { word, line } of rows) {
    if (detailMembers.has(word)) continue;
    yield { file: AUDIT, line, what: `no entry has the member ${word} of detail`, fix: 'take it out of the row' };
  }
}

/** The cells of a kind's row after its name. */
export function recordRow({ about, members, hides = [], travels, staying = [], form }: RecordKind): readonly string[] {
  const shown = members.map((name) => {
    const isHidden = hides.includes(name.replace('?', ''));
    return `\`${name}\`${isHidden ? ' (hidden)' : ''}`;
  });
  const exceptions = staying.map((id) => `; \`${id}\` stays`).join('');
  return [about, shown.length === 0 ? 'text' : shown.join(', '), `${travels}${exceptions}`, String(form)];
}

function* records(tree: Tree): Generator<Problem> {
  if (!tree.has(RECORDS)) {
    yield missing(RECORDS);
    return;
  }
  const described = new Map(tableRows(tree.text(RECORDS)).map((row) => [row.word, row]));
  for (const kind of parts.kinds) {
    const expected = recordRow(kind);
    const row = described.get(kind.of);
    const fix = `the row is | \`${kind.of}\` | ${expected.join(' | ')} |`;
    if (row === undefined) yield { file: RECORDS, what: `the kind of record ${kind.of} has no row`, fix };
    else if (expected.some((cell, index) => row.cells[index + 1] !== cell)) {
      yield { file: RECORDS, line: row.line, what: `the row of ${kind.of} differs from its kind`, fix };
    }
    described.delete(kind.of);
  }
  for (const { word, line } of described.values()) {
    yield { file: RECORDS, line, what: `no instance has records ${word}`, fix: 'take the row out' };
  }
}

/** What is written by `scripts/cli-reference.ts`, between these. */
const FROM = '<!-- from the rows of commands, by `node scripts/run.mjs scripts/cli-reference.ts` -->\n\n';
const TO = '\n<!-- to here -->\n';

export const commandRows: string = await referenceOf(nouns);

export function withReference(page: string, rows: string): string {
  const [before = '', rest = ''] = page.split(FROM);
  const [, after = ''] = rest.split(TO);
  return before + FROM + rows + TO + after;
}

function* commandLine(tree: Tree): Generator<Problem> {
  if (!tree.has(CLI)) yield missing(CLI);
  else if (withReference(tree.text(CLI), commandRows) !== tree.text(CLI)) {
    const fix = 'run `node scripts/run.mjs scripts/cli-reference.ts`';
    yield { file: CLI, what: 'does not have the commands and options as their rows do', fix };
  }
}

function missing(file: string): Problem {
  return { file, what: 'the page is missing', fix: 'write it; it is checked against the code' };
}
