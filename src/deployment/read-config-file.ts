// Reads the file that `--config` names.
import { readFileSync } from 'node:fs';
import { type Reader, ShapeError } from '../formats/shape.ts';
import { ConfigError } from './start-config.ts';

/** @throws ConfigError naming the file and the member */
export function readConfigFile<T>(path: string, read: Reader<T>): T {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(path, 'utf8'));
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ConfigError(`${path} cannot be read as JSON: ${reason}`, { cause });
  }
  try {
    return read(value, 'config');
  } catch (cause) {
    if (cause instanceof ShapeError) throw new ConfigError(`${path}: ${cause.message}`, { cause });
    throw cause;
  }
}
