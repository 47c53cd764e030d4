// What runs of `npm run bench -- --record` found, one line each, oldest first. Ratios and times travel only so far:
// an entry says on what they were taken, and is compared with runs on the same kind of machine.
import { appendFileSync, readFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { isDisturbed } from '../machine/disturbance.ts';
import { isRatioDisturbed, type Results } from '../results.ts';

export interface HistoryEntry {
  readonly time: string;
  readonly commit: string;
  readonly machine: { readonly cpu: string; readonly cores: number; readonly node: string; readonly openssl: string };
  readonly connections: number;
  readonly seconds: number;
  /** Load average before the run. */
  readonly load: number;
  /** ops/B, by operation. */
  readonly ratios: Readonly<Record<string, number>>;
  /** Processor time of the service workers for one operation. */
  readonly serviceMicros: Readonly<Record<string, number>>;
  readonly startUpMs: Readonly<Record<'first' | 'second', number>>;
  /** Operations, or `start-up`, while which others took more of the cores than a comparison bears. */
  readonly disturbed: readonly string[];
}

export const START_UP = 'start-up';

export function entryOf(results: Results): HistoryEntry {
  const { environment: on, rows, startUp } = results;
  const disturbed = rows.filter(isRatioDisturbed).map(({ name }) => name);
  return {
    time: on.time,
    commit: on.commit,
    machine: { cpu: on.cpu, cores: on.cores, node: on.node, openssl: on.systemOpenssl },
    connections: results.connections,
    seconds: results.seconds,
    load: rounded(results.load, 2),
    ratios: Object.fromEntries(rows.map(({ name, ratio }) => [name, rounded(ratio, 3)])),
    serviceMicros: Object.fromEntries(rows.map(({ name, cpuMicros }) => [name, rounded(cpuMicros['service'] ?? 0, 1)])),
    startUpMs: { first: Math.round(startUp.coldReadyMs), second: Math.round(startUp.warmReadyMs) },
    disturbed: [...disturbed, ...(isDisturbed(startUp.disturbance) ? [START_UP] : [])],
  };
}

/** @throws when a line is not an entry, by its number */
export function readHistory(file: string): readonly HistoryEntry[] {
  const lines = readFileSync(file, 'utf8').split('\n');
  return lines.flatMap((line, index) => {
    if (line === '') return [];
    try {
      return [JSON.parse(line) as HistoryEntry];
    } catch (error) {
      throw new Error(`${file}: line ${index + 1} is not JSON`, { cause: error });
    }
  });
}

export function appendToHistory(file: string, entry: HistoryEntry): void {
  appendFileSync(file, `${JSON.stringify(entry)}\n`);
}

/** The newest entry that `entry` may be compared with. */
export function lastOfKind(history: readonly HistoryEntry[], entry: HistoryEntry): HistoryEntry | undefined {
  const kind = ({ machine, connections, seconds }: HistoryEntry) => ({ machine, connections, seconds });
  return history.findLast((one) => isDeepStrictEqual(kind(one), kind(entry)));
}

function rounded(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
