// `strongroom approval show`: one approval with everything that it is bound to.
import { command } from '../../command.ts';
import { instanceOf, openInstanceClient } from '../../instance-client.ts';
import { dataRootOf } from '../../running.ts';
import { principalNames } from '../access/principal-names.ts';
import { warningOn } from './application-warning.ts';
import { approvalOptions, askApproval, printApproval, readId } from './show-approval.ts';

export const show = command({
  name: 'approval show',
  summary: 'show what an approval would allow',
  operands: 'ID',
  options: approvalOptions,
  examples: ['strongroom approval show 0f9b2c1e-5d0a-4a0e-9a53-6f0d8f2f2b11 --as bob'],
  async run(values, operands, terminal) {
    const id = readId(operands);
    const approval = await askApproval(openInstanceClient(instanceOf(values)), id);
    const root = values.url === undefined ? dataRootOf(values.data) : undefined;
    printApproval(approval, values.json, terminal, await principalNames(root));
    const warning = await warningOn(approval.request, root);
    if (warning !== undefined) terminal.err(`${warning}\n`);
    return 0;
  },
});
