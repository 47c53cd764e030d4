// `strongroom backup status`: how a backup or restore stands, by the id of its job.
import { printableJson } from '../../../formats/printable.ts';
import { CommandError, command, jsonOption, UsageError } from '../../command.ts';
import { AnswerError, type InstanceClient, instanceOptions, openInstanceClient } from '../../instance-client.ts';
import { askJob, type Direction, describeJob, failureOf, follow, type Job } from './job.ts';

export const status = command({
  name: 'backup status',
  summary: 'show how a backup or restore stands',
  operands: 'JOB',
  details: 'An instance remembers its last twenty jobs. The exit code is 0 unless the job has failed.',
  options: {
    wait: 'wait for the end, showing progress',
    ...instanceOptions,
    ...jsonOption,
  },
  examples: ['strongroom backup status 0123456789abcdef0123456789abcdef --wait'],
  async run(values, [id, spare], terminal) {
    if (id === undefined || spare !== undefined) throw new UsageError('name one job');
    if (!/^[0-9a-f]{32}$/.test(id)) throw new UsageError('the id of a job has 32 hex digits');
    const client = openInstanceClient(values);
    const { direction, job: found } = await find(client, id);
    const job = values.wait ? await follow(client, direction, found, terminal) : found;
    terminal.out(values.json ? printableJson(job) : describeJob(job));
    if (job.status !== 'InProgress' && job.status !== 'Succeeded') throw new CommandError(failureOf(direction, job));
    return 0;
  },
});

async function find(client: InstanceClient, id: string): Promise<{ readonly direction: Direction; readonly job: Job }> {
  for (const direction of ['backup', 'restore'] as const) {
    try {
      return { direction, job: await askJob(client, direction, id) };
    } catch (error) {
      if (!(error instanceof AnswerError) || error.status !== 404) throw error;
    }
  }
  throw new CommandError(`${client.who} remembers no job ${id}; it remembers its last twenty`);
}
