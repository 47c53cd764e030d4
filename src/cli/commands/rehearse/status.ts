// `strongroom rehearse status`: what was rehearsed, and what is due.

import { printableJson, printableLine } from '../../../formats/printable.ts';
import { command, jsonOption } from '../../command.ts';
import { instanceOptions, openInstanceClient } from '../../instance-client.ts';
import { type DepthPosture, type FiledSummary, needsRehearsal, readRehearsals, stepsOn } from './filed.ts';

export const rehearsalStatus = command({
  name: 'rehearse status',
  summary: 'show what was rehearsed and what is due',
  operands: '',
  details: 'The exit code is 0 when nothing is overdue and the newest of each depth has passed, 1 otherwise.',
  options: { ...instanceOptions, ...jsonOption },
  examples: ['strongroom rehearse status', 'strongroom rehearse status --json'],
  async run(values, _operands, terminal) {
    const client = openInstanceClient(values);
    const { posture, value } = await readRehearsals(client);
    if (values.json) terminal.out(printableJson({ posture, value }));
    else {
      for (const each of posture) {
        const why = whyFailed(each, value);
        terminal.out(`${printableLine(`${each.depth.padEnd(13)} ${each.summary}${stepsOn(each, values, why)}`)}\n`);
      }
      for (const { id, depth, verdict, finishedAt, recoveryMilliseconds, problems } of value) {
        const took =
          recoveryMilliseconds === undefined ? '' : `, recovered in ${(recoveryMilliseconds / 1000).toFixed(1)} s`;
        terminal.out(`\n${printableLine(`${id}  ${depth} ${verdict} ${finishedAt}${took}`)}\n`);
        for (const problem of problems) terminal.out(`  ${printableLine(problem)}\n`);
      }
    }
    return posture.some(needsRehearsal) ? 1 : 0;
  },
});

function whyFailed({ depth, lastFailed }: DepthPosture, filed: readonly FiledSummary[]): string {
  const last = filed.find(
    (each) => each.depth === depth && each.verdict === 'failed' && each.finishedAt === lastFailed,
  );
  return last?.problems.join(', ') ?? 'its record is not kept any more';
}
