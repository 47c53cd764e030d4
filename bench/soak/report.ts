// The verdict of a long run as text.
import { isDisturbed } from '../machine/disturbance.ts';
import { count, table } from '../table.ts';
import { growing, isBroken, JUDGED_FROM_MINUTES, judge, type SoakResults } from './results.ts';

export function soakReport(results: SoakResults): string {
  const { environment: on, minutes, connections, slices, disturbance } = results;
  const answers = slices.reduce((sum, slice) => sum + slice.answers, 0);
  const judged = judge(slices);
  const grown = growing(results);
  const signed = (value: number): string => `${value < 0 ? '' : '+'}${value.toFixed(1)}`;
  return [
    `${on.cpu}, ${on.cores} cores, ${on.memoryMiB} MiB, ${on.system}`,
    `Node ${on.node}, commit ${on.commit}, ${on.time}`,
    `${minutes} minutes of all operations over ${connections} connections, which every one of ${slices.length} slices opens anew: ${count(answers)} answers`,
    ...(isDisturbed(disturbance)
      ? [
          `Disturbed: others had ${((disturbance.foreign + disturbance.stolen) * 100).toFixed(0)} % of the cores; p99 shows it, and is not judged`,
        ]
      : []),
    '',
    'Rise: of a straight line through the last two thirds, with its standard error; memory is PSS under load, descriptors and threads are at rest',
    ...table(
      ['figure', 'level', 'rise', '±', 'unit', ''],
      judged.map(({ figure, unit, level, rise, noise }) => [
        figure,
        level.toFixed(1),
        signed(rise),
        noise.toFixed(1),
        unit,
        grown.includes(figure) ? 'GROWS' : '',
      ]),
    ),
    '',
    ...(isBroken(slices) ? ['Answers were WRONG or missing: see --json'] : []),
    verdict(minutes, grown),
    '',
  ].join('\n');
}

function verdict(minutes: number, grown: readonly string[]): string {
  if (minutes < JUDGED_FROM_MINUTES) {
    return `Too short to judge growth: heaps find their size in the first ${JUDGED_FROM_MINUTES} minutes.`;
  }
  return grown.length === 0 ? 'Nothing grows.' : `GROWS: ${grown.join('; ')}`;
}
