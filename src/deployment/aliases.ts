// Aliases: further names under which an instance answers, in `DATA/aliases.json`. An alias belongs to one instance at a
// time and outlives it: consumers that were given an alias go on under the same address when another instance takes over.
// The command line writes the file, the supervisor alone goes by it.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { replaceFile } from '../files/durable-file.ts';
import { mapOf, matching, oneOf, record, ShapeError, text } from '../formats/shape.ts';
import { readOwnFile } from './read-config-file.ts';
import { ConfigError } from './start-config.ts';

export const ALIASES_FILE = 'aliases.json';
/** What an instance may be called, in lower case. */
export const ALIAS = /^(?=.{3,24}$)[a-z](?:-?[a-z0-9])*$/;
const FORMAT = 'strongroom aliases 1';
/** A certificate names each of them four times. */
const MOST = 100;

const instance = matching(/^[A-Za-z][A-Za-z0-9-]{2,23}$/, 'the name of an instance');
const file = record({
  format: oneOf(FORMAT),
  /** By alias, lower case: the instance as its folder is called, since when (ISO time), and which had it before. */
  aliases: mapOf(record({ instance, since: text }, { before: instance }), MOST),
});
export type Aliases = ReturnType<typeof file>['aliases'];

/** @throws ConfigError naming the file and what is wrong */
export function readAliases(root: string): Aliases {
  const path = join(root, ALIASES_FILE);
  if (!existsSync(path)) return {};
  const read = (value: unknown): Aliases => {
    const { aliases } = file(value, ALIASES_FILE);
    if (Object.keys(aliases).some((name) => name !== name.toLowerCase())) {
      throw new ShapeError(`${ALIASES_FILE}.aliases must be in lower case`);
    }
    for (const name of Object.keys(aliases)) checkAlias(name);
    return aliases;
  };
  return readOwnFile(path, read, 'correct it, or remove it and set the aliases again');
}

export async function writeAliases(root: string, aliases: Aliases): Promise<void> {
  await replaceFile(join(root, ALIASES_FILE), `${JSON.stringify({ format: FORMAT, aliases }, null, 2)}\n`);
}

/** @throws ConfigError */
export function checkAlias(name: string): void {
  if (ALIAS.test(name)) return;
  throw new ConfigError(
    `'${name.slice(0, 64)}' cannot be an alias: 3 to 24 lower-case letters, digits and single hyphens, beginning with a letter`,
  );
}

/** The aliases of one instance, sorted. */
export function aliasesOf(aliases: Aliases, instance: string): readonly string[] {
  return Object.keys(aliases)
    .filter((name) => aliases[name]?.instance.toLowerCase() === instance.toLowerCase())
    .sort();
}
