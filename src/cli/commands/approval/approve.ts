// `strongroom approval approve`: the second administrator's word.
import { command, UsageError } from '../../command.ts';
import { instanceOf, openInstanceClient } from '../../instance-client.ts';
import { dataRootOf } from '../../running.ts';
import { principalNames } from '../access/principal-names.ts';
import { approvalOptions, askApproval, printApproval, readId } from './show-approval.ts';

export const approve = command({
  name: 'approval approve',
  summary: 'agree to what another administrator wants to do with roles',
  operands: 'ID',
  details:
    'The requester then repeats the same request, which succeeds once. Look at it first: `strongroom approval show`.',
  options: {
    ...approvalOptions,
    'reason TEXT': 'why; it is kept and logged (required)',
  },
  examples: ["strongroom approval approve 0f9b2c1e-5d0a-4a0e-9a53-6f0d8f2f2b11 --reason 'ticket 7' --as bob"],
  async run(values, operands, terminal) {
    const id = readId(operands);
    const { reason } = values;
    if (reason === undefined) throw new UsageError("say why: --reason 'TEXT'");
    const instance = openInstanceClient(instanceOf(values));
    const nameOf = await principalNames(values.url === undefined ? dataRootOf(values.data) : undefined);
    printApproval(await askApproval(instance, id, 'approve', { reason }), values.json, terminal, nameOf);
    return 0;
  },
});
