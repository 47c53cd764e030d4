// Records of rehearsals, after them: what an instance has and what is due, one filed later.
import { printableLine } from '../../../formats/printable.ts';
import { command, jsonOption } from '../../command.ts';
import { instanceOptions, openInstanceClient } from '../../instance-client.ts';
import { type DepthPosture, type FiledSummary, fileRecord, needsRehearsal, readRehearsals, stepsOn } from './filed.ts';
import { readKeptRecord } from './kept-record.ts';

export const rehearsalStatus = command({
  name: 'rehearse status',
  summary: 'show what was rehearsed and what is due',
  operands: '',
  details: 'The exit code is 0 when nothing is overdue and the newest of each depth has passed, 1 otherwise.',
  options: { ...instanceOptions, ...jsonOption },
  examples: ['strongroom rehearse status', 'strongroom rehearse status --json'],
  async run(values) {
    const { posture, value } = await readRehearsals(openInstanceClient(values));
    const depths = posture.map(
      (each) => `${each.depth.padEnd(13)} ${each.summary}${stepsOn(each, values, whyFailed(each, value))}`,
    );
    const filed = value.flatMap(({ id, depth, verdict, finishedAt, recoveryMilliseconds: took, problems }) => {
      const recovered = took === undefined ? '' : `, recovered in ${(took / 1000).toFixed(1)} s`;
      return ['', `${id}  ${depth} ${verdict} ${finishedAt}${recovered}`, ...problems.map((each) => `  ${each}`)];
    });
    return {
      json: { posture, value },
      text: [...depths, ...filed].map((line) => `${printableLine(line)}\n`).join(''),
      exit: posture.some(needsRehearsal) ? 1 : 0,
    };
  },
});

function whyFailed({ depth, lastFailed }: DepthPosture, filed: readonly FiledSummary[]): string {
  const last = filed.find(
    (each) => each.depth === depth && each.verdict === 'failed' && each.finishedAt === lastFailed,
  );
  return last?.problems.join(', ') ?? 'its record is not kept any more';
}

export const file = command({
  name: 'rehearse file',
  summary: 'file the record of a full rehearsal with an instance',
  operands: 'RECORD',
  wants: 'name one record',
  details: 'The instance takes it when its own security domain has stated it.',
  options: instanceOptions,
  examples: ['strongroom rehearse file rehearsal.json'],
  async run(values, [path]) {
    const { record, note } = readKeptRecord(path);
    const { id, verdict } = await fileRecord(openInstanceClient(values), record, note);
    return `${id}  ${verdict}\n`;
  },
});
