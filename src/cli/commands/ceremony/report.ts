// `strongroom ceremony report`: closes a ceremony with a report that the HSM's domain key signs.
import { draftOf, makeReport } from '../../../tools/ceremony/report/make.ts';
import { command } from '../../command.ts';
import { asOption } from '../../instance-client.ts';
import { folderOption, handOption, instanceIn, withCeremony } from './open-folder.ts';

export const report = command({
  name: 'ceremony report',
  summary: 'close a ceremony with a signed report, in Markdown and as a page to print',
  operands: '',
  details: `
Every step must be done. The report is handed to the HSM, which records its hash and states it with the key of the security
domain; report.md and report.html in the folder hold the same. After that nothing can be added to the ceremony. Called again
it writes the same files again.`,
  options: {
    draft: 'print the report as it stands, unsigned, and change nothing',
    ...folderOption,
    ...handOption,
    ...asOption,
  },
  examples: ['strongroom ceremony report', 'strongroom ceremony report --draft'],
  run(values, _operands, terminal) {
    return withCeremony(values, async (ceremony) => {
      if (values.draft) terminal.out(draftOf(ceremony));
      else {
        for (const name of await makeReport(ceremony, () => instanceIn(ceremony, values.as))) {
          terminal.out(`${ceremony.folder}/${name}\n`);
        }
      }
      return 0;
    });
  },
});
