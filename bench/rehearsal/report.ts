// What a full rehearsal took, as text.
import type { RehearsalStep } from '../../src/formats/rehearsal-record.ts';
import type { KeysResults, SizeResults } from '../keys/results.ts';
import { isDisturbed } from '../machine/disturbance.ts';
import { count, ms, table } from '../table.ts';

export interface RehearsalResults {
  readonly environment: KeysResults['environment'];
  readonly keys: number;
  /** Keys that answered as known. */
  readonly samples: number;
  readonly steps: readonly RehearsalStep[];
  /** All steps, from an empty machine to the last key used. */
  readonly recoveryMs: number;
  /** The whole command: with start, record, filing and wiping. */
  readonly wholeMs: number;
  readonly disturbance: SizeResults['disturbance'];
}

export function rehearsalReport(results: RehearsalResults): string {
  const { environment: on, keys, samples, steps, recoveryMs, wholeMs, disturbance } = results;
  return [
    `${on.cpu}, ${on.cores} cores, ${on.memoryMiB} MiB, ${on.system}`,
    `Node ${on.node}, commit ${on.commit}, ${on.time}`,
    `${count(keys)} keys, ${samples} of them used on known answers`,
    ...(isDisturbed(disturbance) ? ['Disturbed: others took part of the cores'] : []),
    '',
    ...table(
      ['step', 'ms'],
      [
        ...steps.map(({ name, milliseconds }) => [name, ms(milliseconds)]),
        ['recovery, all steps', ms(recoveryMs)],
        ['whole command', ms(wholeMs)],
      ],
    ),
    '',
  ].join('\n');
}
