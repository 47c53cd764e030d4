// `strongroom approval reject`: the second administrator's word.
import { command, UsageError } from '../../command.ts';
import { instanceOf, openInstanceClient } from '../../instance-client.ts';
import { dataRootOf } from '../../running.ts';
import { principalNames } from '../access/principal-names.ts';
import { approvalOptions, askApproval, printApproval, readId } from './show-approval.ts';

export const reject = command({
  name: 'approval reject',
  summary: 'refuse what another administrator wants to do with roles',
  operands: 'ID',
  options: {
    ...approvalOptions,
    'reason TEXT': 'why; it is kept and logged (required)',
  },
  examples: ["strongroom approval reject 0f9b2c1e-5d0a-4a0e-9a53-6f0d8f2f2b11 --reason 'ticket 7' --as bob"],
  async run(values, operands, terminal) {
    const id = readId(operands);
    const { reason } = values;
    if (reason === undefined) throw new UsageError("say why: --reason 'TEXT'");
    const instance = openInstanceClient(instanceOf(values));
    const nameOf = await principalNames(values.url === undefined ? dataRootOf(values.data) : undefined);
    printApproval(await askApproval(instance, id, 'reject', { reason }), values.json, terminal, nameOf);
    return 0;
  },
});
