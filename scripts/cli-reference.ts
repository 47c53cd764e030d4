// Writes what the reference page of the command line has from the rows of commands: `node scripts/run.mjs scripts/cli-reference.ts`.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CLI, commandRows, withReference } from './check/reference-pages.ts';

const page = join(import.meta.dirname, '..', CLI);
writeFileSync(page, withReference(readFileSync(page, 'utf8'), commandRows));
