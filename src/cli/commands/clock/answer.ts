// What the three clock commands have in common: which instance they mean, and how they show its time.
import { printableJson } from '../../../formats/printable.ts';
import { CommandError, jsonOption, type Terminal } from '../../command.ts';
import { durationText } from '../../duration.ts';
import { type InstanceValues, instanceOf, instanceOptions, openInstanceClient } from '../../instance-client.ts';

export const clockOptions = { ...instanceOptions, ...jsonOption } as const;

export interface ClockValues extends InstanceValues {
  readonly json: boolean;
}

/** @param travel absent: only looks */
export async function answerClock(values: ClockValues, terminal: Terminal, travel?: object): Promise<number> {
  const instance = openInstanceClient(instanceOf(values));
  const method = travel === undefined ? 'GET' : 'POST';
  const { now, offsetSeconds } = (await instance.ask(method, '/strongroom/clock', travel)) as {
    readonly now?: unknown;
    readonly offsetSeconds?: unknown;
  };
  if (typeof now !== 'number' || typeof offsetSeconds !== 'number') throw new CommandError('the answer is not a clock');
  if (values.json) terminal.out(printableJson({ now, offsetSeconds }));
  else {
    const ahead = offsetSeconds === 0 ? 'real time' : `${durationText(offsetSeconds)} ahead of real time`;
    terminal.out(`${new Date(now * 1000).toISOString()}  (${ahead})\n`);
  }
  return 0;
}
