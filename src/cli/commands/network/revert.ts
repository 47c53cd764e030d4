// `strongroom network revert`: the rules of before the trial are back at once.
import { command } from '../../command.ts';
import { hsmNameOf, hsmNameOption } from '../../hsm-name.ts';
import { managementOptions, openManagedHsm } from '../../management-client.ts';

export const revert = command({
  name: 'network revert',
  summary: 'take back the network rules that are on trial, before their deadline',
  operands: 'NAME',
  options: { ...hsmNameOption, ...managementOptions },
  examples: ['strongroom network revert dev'],
  async run(values, operands, terminal) {
    const name = hsmNameOf(values['hsm-name'], operands);
    const hsm = await openManagedHsm(values, name);
    await hsm.ask('DELETE', '/networkTrial');
    terminal.out('The network rules of before are back.\n');
    return 0;
  },
});
