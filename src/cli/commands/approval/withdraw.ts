// `strongroom approval withdraw`: who asked no longer wants it.
import { command } from '../../command.ts';
import { instanceOf, openInstanceClient } from '../../instance-client.ts';
import { dataRootOf } from '../../running.ts';
import { principalNames } from '../access/principal-names.ts';
import { approvalOptions, askApproval, printApproval, readId } from './show-approval.ts';

export const withdraw = command({
  name: 'approval withdraw',
  summary: 'take back what you asked an approval for',
  operands: 'ID',
  options: approvalOptions,
  examples: ['strongroom approval withdraw 0f9b2c1e-5d0a-4a0e-9a53-6f0d8f2f2b11 --as alice'],
  async run(values, operands, terminal) {
    const id = readId(operands);
    const instance = openInstanceClient(instanceOf(values));
    const nameOf = await principalNames(values.url === undefined ? dataRootOf(values.data) : undefined);
    printApproval(await askApproval(instance, id, 'withdraw'), values.json, terminal, nameOf);
    return 0;
  },
});
