// `strongroom ceremony note`: writes something down that happened besides the steps.
import { note as addNote } from '../../../tools/ceremony/proceed.ts';
import { command, UsageError } from '../../command.ts';
import { folderOption, handOption, withCeremony } from './open-folder.ts';

export const note = command({
  name: 'ceremony note',
  summary: 'note an exception, a witness, anything, in the journal of a ceremony',
  operands: 'TEXT',
  details: 'It is in the report under the exceptions, with who wrote it and when. Nothing is ever removed.',
  options: { ...folderOption, ...handOption },
  examples: ["strongroom ceremony note 'Clara takes part by telephone; her voice is known to Anna' --by Anna"],
  run(values, [text, spare], terminal) {
    if (text === undefined || spare !== undefined) throw new UsageError('give one text, in quotes');
    return withCeremony(values, (ceremony) => {
      addNote(ceremony, text);
      terminal.out('noted\n');
      return 0;
    });
  },
});
