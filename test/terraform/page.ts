// The blocks of docs/guide/terraform.md, by the file that their first line names: what is run is what is printed.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CHECKOUT } from '../support/running-product.ts';

const PAGE = join(CHECKOUT, 'docs/guide/terraform.md');
const BLOCK = /^```(?:hcl|sh)\n# (\S+)[^\n]*\n([\s\S]*?)^```$/gm;

export function pageBlock(file: string): string {
  const found = [...readFileSync(PAGE, 'utf8').matchAll(BLOCK)].find(([, name]) => name === file)?.[2];
  if (found === undefined) throw new Error(`docs/guide/terraform.md has no block ${file}`);
  return found;
}
