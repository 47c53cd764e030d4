// `strongroom approval list`: what waits for a second administrator, and what was decided lately.
import { printableJson } from '../../../formats/printable.ts';
import { CommandError, command } from '../../command.ts';
import { instanceOf, openInstanceClient } from '../../instance-client.ts';
import { dataRootOf } from '../../running.ts';
import { principalNames } from '../access/principal-names.ts';
import { approvalOptions, isShown, named, who } from './show-approval.ts';

export const list = command({
  name: 'approval list',
  summary: 'list what waits for a second administrator',
  operands: '',
  details: 'Where duties are separated. What is over is listed for 30 days with --all; the audit log has it for ever.',
  options: { ...approvalOptions, all: 'also what is over' },
  examples: ['strongroom approval list --as bob', 'strongroom approval list --all --json --as az'],
  async run(values, _operands, terminal) {
    const instance = openInstanceClient(instanceOf(values));
    const { value } = ((await instance.ask('GET', '/approvals')) ?? {}) as { readonly value?: unknown };
    if (!Array.isArray(value) || !value.every(isShown)) {
      throw new CommandError(`${instance.who} answered something that is no list of approvals`);
    }
    const shown = values.all ? value : value.filter(({ state }) => state === 'pending' || state === 'approved');
    if (values.json) terminal.out(printableJson(shown));
    else if (shown.length === 0) terminal.out('nothing waits\n');
    else {
      const nameOf = await principalNames(values.url === undefined ? dataRootOf(values.data) : undefined);
      for (const { id, state, description, requester, expiresOn } of shown) {
        terminal.out(
          `${id}  ${state} until ${expiresOn}\n  ${named(description, nameOf)} Asked for by ${who(requester)}.\n`,
        );
      }
    }
    return 0;
  },
});
