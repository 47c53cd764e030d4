// `strongroom rehearse file`: hands a record to the running instance that could not be reached when it was made.
import { command, UsageError } from '../../command.ts';
import { instanceOptions, openInstanceClient } from '../../instance-client.ts';
import { fileRecord } from './filed.ts';
import { readKeptRecord } from './kept-record.ts';

export const file = command({
  name: 'rehearse file',
  summary: 'file the record of a full rehearsal with an instance',
  operands: 'RECORD',
  details: 'The instance takes it when its own security domain has stated it.',
  options: instanceOptions,
  examples: ['strongroom rehearse file rehearsal.json'],
  async run(values, operands, terminal) {
    const [path, spare] = operands;
    if (path === undefined || spare !== undefined) throw new UsageError('name one record');
    const { record, note } = readKeptRecord(path);
    const { id, verdict } = await fileRecord(openInstanceClient(values), record, note);
    terminal.out(`${id}  ${verdict}\n`);
    return 0;
  },
});
