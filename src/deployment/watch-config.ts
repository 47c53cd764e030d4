// What a configuration file says of watching: who is told of the logs, and where the service can be asked how it fares. It is
// the same for all instances of a data directory and for the management plane.
import { record } from '../formats/shape.ts';
import { readAlertSettings } from './alert-settings.ts';
import { readHealthListener } from './health-listener.ts';
import { readSinks } from './sinks.ts';
import { readTraces } from './traces.ts';
import { readWithoutWitness, readWitnesses } from './witnesses.ts';

/** Members of a configuration file, each with the reader that its part has. */
export const WATCH_MEMBERS = {
  alerts: readAlertSettings,
  health: readHealthListener,
  sinks: readSinks,
  traces: readTraces,
  witnesses: readWitnesses,
  withoutWitness: readWithoutWitness,
} as const;

export const readWatchConfig = record({}, WATCH_MEMBERS);
export type WatchConfig = ReturnType<typeof readWatchConfig>;

/** @param file a whole configuration, read before */
export function watchConfigOf(file: object): WatchConfig {
  const given = Object.entries(file).filter(([member, value]) => member in WATCH_MEMBERS && value !== undefined);
  return Object.fromEntries(given);
}

/** Absolute paths that it names: of certificates and of files with secrets, which only those who use them read. */
export function filesNamedIn(config: unknown): readonly string[] {
  if (typeof config === 'string') return config.startsWith('/') ? [config] : [];
  return typeof config === 'object' && config !== null ? Object.values(config).flatMap(filesNamedIn) : [];
}
