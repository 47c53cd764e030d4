// `strongroom env`: the shell lines that make stock clients in this shell talk to the running service.

import { clientVariables } from '../../main/config/client-environment/variables.ts';
import { clientEnvironments, shellTextOf } from '../../main/config/client-environment/write.ts';
import { places } from '../../main/config/data-layout.ts';
import { readDevClients } from '../../main/config/dev-clients.ts';
import { command, dataOption, jsonOption, UsageError } from '../command.ts';
import { dataRootOf, requireRunning } from '../running.ts';

export const env = command({
  name: 'env',
  summary: 'print shell lines that connect clients to the running service',
  operands: '',
  details: `
Made for sh, bash and zsh: eval "$(strongroom env)". Only that shell is changed: the identity of the dev administrator,
the development authority, the loopback proxy, and a configuration folder for az apart from your own.
The lines hold secrets: do not paste them anywhere.`,
  options: {
    names: {
      type: 'string',
      placeholder: 'FORM',
      default: 'azure',
      description: "azure: unconfigured clients, Azure's own names · local: *.localhost names, az told of a cloud",
    },
    ...dataOption,
    ...jsonOption,
  },
  examples: ['eval "$(strongroom env)"', 'eval "$(strongroom env --names local)"', 'strongroom env --json'],
  async run({ names, data, json }, _operands, terminal) {
    if (names !== 'azure' && names !== 'local') throw new UsageError(`--names must be azure or local, not '${names}'`);
    const root = dataRootOf(data);
    const { port } = requireRunning(root);
    const environment = clientEnvironments(places(root), port, readDevClients(root))[names];
    if (json)
      terminal.out(`${JSON.stringify(clientVariables(environment), (_, value: unknown) => value ?? null, 2)}\n`);
    else terminal.out(shellTextOf(environment));
    return 0;
  },
});
