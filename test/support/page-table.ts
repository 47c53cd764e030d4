// Tables of `docs/reference/conformance.md` that are made of what a run of tests gave, each found by its first line.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const PAGE = join(import.meta.dirname, '../../docs/reference/conformance.md');

/** The table as the page has it. */
export function tableOfPage(head: string): string {
  return tableIn(readFileSync(PAGE, 'utf8'), head);
}

export function writeTable(head: string, table: string): void {
  const page = readFileSync(PAGE, 'utf8');
  writeFileSync(
    PAGE,
    page.replace(tableIn(page, head), () => table),
  );
}

function tableIn(page: string, head: string): string {
  const start = page.indexOf(head);
  const end = page.indexOf('\n\n', start);
  return start < 0 ? '' : page.slice(start, end < 0 ? undefined : end);
}
