// Reads JSON documents of a deployment: the file that `--config` names, and those that commands and starts write.
import { readFileSync } from 'node:fs';
import { type Reader, ShapeError } from '../formats/shape.ts';
import { ConfigError } from './start-config.ts';

/** @throws ConfigError naming the file and the member */
export function readConfigFile<T>(path: string, read: Reader<T>): T {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(path, 'utf8'));
  } catch (cause) {
    throw new ConfigError(`${path} cannot be read as JSON: ${reasonOf(cause)}`, { cause });
  }
  try {
    return read(value, 'config');
  } catch (cause) {
    if (cause instanceof ShapeError) throw new ConfigError(`${path}: ${cause.message}`, { cause });
    throw cause;
  }
}

/** One that we wrote, or its user by our command. @throws ConfigError naming the file, what is wrong and the way out */
export function readOwnFile<T>(
  path: string,
  read: (value: unknown) => T,
  wayOut: string,
  problem: 'cannot be used' | 'cannot be read' = 'cannot be used',
): T {
  try {
    return read(JSON.parse(readFileSync(path, 'utf8')));
  } catch (cause) {
    throw new ConfigError(`${path} ${problem} (${reasonOf(cause)}): ${wayOut}`, { cause });
  }
}

function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
