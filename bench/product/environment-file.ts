// Reads the shell lines that connect clients (`export NAME=value`), as far as the product writes them.
import { readFileSync } from 'node:fs';

const LINE = /^export ([A-Za-z_][A-Za-z0-9_]*)=(?:'([^']*)'|"([^"$`\\]*)"|([^\s'"$`\\]*))$/;

export function readEnvironmentFile(file: string): ReadonlyMap<string, string> {
  return parseEnvironment(readFileSync(file, 'utf8'));
}

export function parseEnvironment(text: string): ReadonlyMap<string, string> {
  const variables = new Map<string, string>();
  for (const line of text.split('\n')) {
    const found = LINE.exec(line.trim());
    if (found?.[1] !== undefined) variables.set(found[1], found[2] ?? found[3] ?? found[4] ?? '');
  }
  return variables;
}
