// What the three clock commands have in common: which instance they mean, and how they show its time.
import { DEV_INSTANCE } from '../../../main/config/client-environment/variables.ts';
import { CommandError, dataOption, jsonOption, type OptionList, type Terminal } from '../../command.ts';
import { askInstance } from '../../dev-instance.ts';
import { dataRootOf, requireRunning } from '../../running.ts';

export const clockOptions = {
  'hsm-name': { type: 'string', placeholder: 'NAME', default: DEV_INSTANCE, description: 'the instance' },
  ...dataOption,
  ...jsonOption,
} as const satisfies OptionList;

export interface ClockValues {
  readonly 'hsm-name': string;
  readonly data: string | undefined;
  readonly json: boolean;
}

/** @param travel absent: only looks */
export async function answerClock(values: ClockValues, terminal: Terminal, travel?: object): Promise<number> {
  const state = requireRunning(dataRootOf(values.data));
  const method = travel === undefined ? 'GET' : 'POST';
  const { now, offsetSeconds } = (await askInstance(
    state,
    values['hsm-name'],
    method,
    '/strongroom/clock',
    travel,
  )) as {
    readonly now?: unknown;
    readonly offsetSeconds?: unknown;
  };
  if (typeof now !== 'number' || typeof offsetSeconds !== 'number') throw new CommandError('the answer is not a clock');
  if (values.json) terminal.out(`${JSON.stringify({ now, offsetSeconds }, null, 2)}\n`);
  else {
    const ahead = offsetSeconds === 0 ? 'real time' : `${offsetSeconds / 86_400} days ahead of real time`;
    terminal.out(`${new Date(now * 1000).toISOString()}  (${ahead})\n`);
  }
  return 0;
}
