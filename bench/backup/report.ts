// The results of a backup and its restore as text: keys per second, beside what the machine can do at best with the bytes.

import type { KeysResults, SizeResults } from '../keys/results.ts';
import { isDisturbed } from '../machine/disturbance.ts';
import { count, mib, ms, table } from '../table.ts';
import type { RawWriting } from './raw-writing.ts';

export interface BackupResults {
  readonly environment: KeysResults['environment'];
  readonly keys: number;
  readonly versions: number;
  /** Of the whole folder. */
  readonly bytes: number;
  readonly parts: number;
  readonly raw: RawWriting;
  /** RSS of the largest worker: at rest, and the most that was seen during each. */
  readonly serviceKiB: {
    readonly before: number;
    readonly backup: number;
    readonly check: number;
    readonly restore: number;
  };
  readonly ms: { readonly backup: number; readonly check: number; readonly restore: number };
  readonly disturbance: SizeResults['disturbance'];
}

export function backupReport(results: BackupResults): string {
  const { environment: on, keys, versions, bytes, parts, raw, serviceKiB, ms: times, disturbance } = results;
  const atBest = raw.encryptMs + raw.writeMs;
  const line = (name: string, time: number, kib: number): string[] => [
    name,
    ms(time),
    count((keys * 1000) / time),
    (bytes / 1048.576 / time).toFixed(1),
    `${((atBest / time) * 100).toFixed(1)} %`,
    mib(kib),
  ];
  return [
    `${on.cpu}, ${on.cores} cores, ${on.memoryMiB} MiB, ${on.system}`,
    `Node ${on.node}, commit ${on.commit}, ${on.time}`,
    `${count(keys)} keys with ${count(versions)} versions: ${count(parts)} files, ${(bytes / 1_048_576).toFixed(1)} MiB; a worker at rest has ${mib(serviceKiB.before)} MiB`,
    `At best: ${ms(raw.encryptMs)} to encrypt the bytes (AES-256-GCM, one core), ${ms(raw.writeMs)} to write them with fdatasync for each file`,
    ...(isDisturbed(disturbance) ? ['Disturbed: others took part of the cores'] : []),
    '',
    ...table(
      ['', 'ms', 'keys/s', 'MiB/s', 'of the best', 'worker at most, MiB'],
      [
        line('backup', times.backup, serviceKiB.backup),
        line('check of a restore', times.check, serviceKiB.check),
        line('restore', times.restore, serviceKiB.restore),
      ],
    ),
    '',
  ].join('\n');
}
