// The recorded files, in the order in which they are sent: later ones use what earlier ones made.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ExchangeFile, parseExchanges } from './exchange-file.ts';

export const FOLDER = join(import.meta.dirname, 'areas');

export interface Area {
  readonly name: string;
  readonly file: ExchangeFile;
}

export function readAreas(): readonly Area[] {
  return readdirSync(FOLDER)
    .filter((name) => name.endsWith('.txt'))
    .sort()
    .map((name) => ({ name, file: parseExchanges(readFileSync(join(FOLDER, name), 'utf8')) }));
}
